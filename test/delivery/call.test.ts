import { expect } from 'chai'
import { call } from '../../core/delivery/call.ts'
import { createGates } from '../../core/delivery/gate.ts'
import type { HeldSend } from '../../core/delivery/match.ts'
import { createSpread } from '../../core/delivery/spread.ts'
import { RetryableError, SetupError, type WaslError } from '../../core/errors.ts'
import type { Payload, ResourceConnection, ResourceDefinition, WriteResult } from '../../core/plugin.ts'
import { openStore, type Store } from '../../core/store/connect.ts'
import type { RecordDocument } from '../../core/store/documents.ts'
import { freshDatabase } from '../store.ts'
import { due, fieldsOf, held, idOf, NOW, pushOf, quiet, student, tenantWith, USER } from './records.ts'

const nonce = 'n'

describe('one call of a remote', () => {
  let store: Store
  before(async () => {
    store = await openStore({ uri: await freshDatabase() })
  })
  after(() => store.close())

  const definition: ResourceDefinition = {
    summary: 'Users',
    perCall: 10,
    uniqueBy: ['email'],
    empty: '',
    idOf: payload => payload['id'] as string,
    versionOf: () => [],
  }

  interface Remote {
    readonly finds?: (by: string, value: string) => readonly Payload[]
    readonly writes: WriteResult | WaslError | (() => WriteResult)
    readonly uniqueBy?: readonly string[]
    readonly reads?: () => Payload
  }

  /** Settles one record, leased and stored, by what this remote answers. */
  async function settleBy(record: RecordDocument, { finds, writes, uniqueBy, reads }: Remote) {
    const one = held(record)
    const asked: string[] = []
    let written = 0
    let read = 0
    const connection: ResourceConnection = {
      read: async ids => {
        read += 1
        const payload = reads?.()
        return new Map(ids.map(id => [id, payload ? { state: 'found', payload } : { state: 'unseen' }]))
      },
      find: async (by, values) => {
        asked.push(`${by} ${values.join(' ')}`)
        return new Map(values.map(value => [value, finds?.(by, value) ?? []] as const))
      },
      write: async operations => {
        written += operations.length
        if (writes instanceof Error) throw writes
        return operations.map(() => (typeof writes === 'function' ? writes() : writes))
      },
    }
    await store.records.insert([structuredClone(record)])
    const surroundings = { log: quiet, now: () => NOW, random: () => 0.5 }
    const gates = createGates(store, surroundings)
    const tenant = tenantWith({ moodle: { user: connection } })
    const retries: unknown[] = []
    const send: HeldSend = { held: one, send: pushOf(one, USER) }
    const pairs = await call(
      {
        ...surroundings,
        store,
        gates,
        spread: createSpread(surroundings.now),
        tenants: { get: async () => tenant },
        resource: () => ({ ...definition, uniqueBy: uniqueBy ?? definition.uniqueBy }),
        onRetry: notice => retries.push(notice),
      },
      tenant,
      nonce,
      USER,
      [send],
      { lost: new AbortController().signal, look: () => {} },
    )
    await store.records.settle(nonce, pairs)
    const [after] = await store.records.byIds(record.tenant, [record._id])
    return { after: after as RecordDocument, asked, written, read, retries, gates: gates.all }
  }

  let made = 100
  const fresh = (changes: Partial<RecordDocument> = {}) => {
    made += 1
    const fields = fieldsOf(student(), { zohoId: String(made), email: `${made}@college.test` })
    const identities = [`zoho/BTEC_Students:${made}`]
    return student({ _id: idOf(made), identities, fields, outbox: { [USER]: due() }, ...changes })
  }

  it('stores what the remote took', async () => {
    const { after, written } = await settleBy(fresh(), { writes: { ok: true, id: '901', action: 'created' } })
    expect(written).to.equal(1)
    expect(after.fields['moodleUserId']).to.equal('901')
    expect(after.pushed[USER]).to.include({ action: 'created' })
    expect(after.outbox).to.not.have.property(USER)
    expect(after).to.not.have.property('lease')
  })

  describe('what goes back to a sender', () => {
    const writes = { ok: true, id: '901', action: 'updated' } as const
    const back = () => {
      const record = fresh({ outbox: { [USER]: due({ back: { lastName: 'hash of what was refused' } }) } })
      return { ...record, fields: { ...record.fields, moodleUserId: '901' } }
    }

    it('is read after it was written, and what became of it is stored', async () => {
      const payload = { id: '901', firstname: 'Sara', lastname: 'NASER' }
      const { after, read } = await settleBy(back(), { writes, reads: () => payload })
      expect(read).to.equal(1)
      expect(after.pushed[USER]?.made).to.have.all.keys('lastName', 'fullName')
      expect(after.outbox).to.not.have.property(USER)
    })

    it('is taken as it was told where nobody may read it', async () => {
      const reads = () => {
        throw new SetupError('FORBIDDEN', 'Not allowed.')
      }
      const { after, gates } = await settleBy(back(), { writes, reads })
      expect(after.pushed[USER]?.made).to.deep.equal({ lastName: 'hash of what was refused' })
      expect(gates).to.deep.equal([])
    })

    it('is taken for sent where it cannot be read for now', async () => {
      const reads = () => {
        throw new RetryableError('REMOTE_TIMEOUT', 'No answer.')
      }
      const { after } = await settleBy(back(), { writes, reads })
      expect(after.pushed[USER]).to.not.have.property('made')
      expect(after.outbox).to.not.have.property(USER)
    })

    it('is not read where nothing goes back', async () => {
      expect((await settleBy(fresh(), { writes })).read).to.equal(0)
    })
  })

  it('keeps in mind what was begun, when its answer is lost', async () => {
    const lost = new RetryableError('REMOTE_TIMEOUT', 'No answer.', { ambiguous: true })
    const { after, retries } = await settleBy(fresh(), { writes: lost })
    expect(after.outbox[USER]).to.include({ sending: true, attempt: 1 })
    expect(after.outbox[USER]?.was?.map(({ by }) => by)).to.deep.equal(['idnumber', 'email'])
    expect(retries).to.have.length(1)
  })

  it('keeps it in mind at a gate too', async () => {
    const lost = new RetryableError('REMOTE_TIMEOUT', 'No answer.', { ambiguous: true, gate: 'outage' })
    const { after, gates } = await settleBy(fresh(), { writes: lost })
    expect(after).to.include({ state: 'gated', gate: 'al-noor|moodle' })
    expect(after.outbox[USER]).to.include({ sending: true })
    expect(gates).to.have.length(1)
    await store.gates.remove('al-noor|moodle')
  })

  it('forgets it where the remote certainly took nothing', async () => {
    const busy = new RetryableError('REMOTE_BUSY', 'Too many.', { gate: 'busy', retryAfterMs: 5000 })
    const { after } = await settleBy(fresh(), { writes: busy })
    expect(after).to.include({ state: 'gated' })
    expect(after.outbox[USER]).to.deep.equal(due())
    await store.gates.remove('al-noor|moodle')
  })

  it('does not open the gate before a deleted record that it just closed', async () => {
    const busy = new RetryableError('REMOTE_BUSY', 'Too many.', { gate: 'busy' })
    const { after, gates } = await settleBy(fresh({ state: 'deleted' }), { writes: busy })
    expect(after).to.include({ state: 'deleted', gate: 'al-noor|moodle' })
    expect(gates[0]).to.not.have.property('opening')
    await store.gates.remove('al-noor|moodle')
  })

  it('looks for a lost creation as it was sent, before it looks for what the record is now', async () => {
    const was = [{ by: 'email', value: 'old@college.test' }]
    const record = fresh({ outbox: { [USER]: due({ sending: true, was }) } })
    const { after, asked, written } = await settleBy(record, {
      finds: (_by, value) => (value === 'old@college.test' ? [{ id: '903' }] : []),
      writes: { ok: true, id: '903', action: 'updated' },
    })
    expect(asked).to.deep.equal(['email old@college.test'])
    expect(after.fields['moodleUserId']).to.equal('903')
    expect(written).to.equal(1)
  })

  it('creates nothing twice where the remote would not refuse it', async () => {
    const record = fresh({ outbox: { [USER]: due({ sending: true, was: [] }) } })
    const { after, written } = await settleBy(record, {
      uniqueBy: [],
      writes: { ok: true, id: '904', action: 'created' },
    })
    expect(written).to.equal(0)
    expect(after.state).to.equal('conflict')
    expect(after.lastError).to.include({ code: 'UNCERTAIN_CREATION' })
  })

  it('leaves several objects of one name to a person', async () => {
    const { after, written } = await settleBy(fresh(), {
      finds: by => (by === 'email' ? [{ id: '1' }, { id: '2' }] : []),
      writes: { ok: true, id: '1', action: 'updated' },
    })
    expect(written).to.equal(0)
    expect(after.lastError).to.include({ code: 'AMBIGUOUS_MATCH', at: 'email' })
  })

  it('takes the object whose creation the remote refused as a duplicate', async () => {
    const error = new RetryableError('DUPLICATE', 'There is one.')
    const results: WriteResult[] = [
      { ok: false, error, duplicateOf: { by: 'email', id: '905' } },
      { ok: false, error },
    ]
    const { after, written } = await settleBy(fresh(), { writes: () => results.shift() as WriteResult })
    expect(written).to.equal(2)
    expect(after.outbox[USER]).to.not.have.property('sending')
  })

  it('is a conflict where another record holds the object', async () => {
    const holder = fresh({ identities: [`${USER}:906`, 'zoho/BTEC_Students:9060'], outbox: {} })
    await store.records.insert([holder])
    const { after } = await settleBy(fresh(), {
      finds: by => (by === 'email' ? [{ id: '906' }] : []),
      writes: { ok: true, id: '906', action: 'updated' },
    })
    expect(after.lastError).to.include({ code: 'IDENTITY_TAKEN' })
  })

  it('is merged with the record that holds the object where they are one', async () => {
    const holder = fresh({ identities: [`${USER}:907`], source: 'moodle', outbox: {} })
    await store.records.insert([holder])
    const { after, written } = await settleBy(fresh(), {
      finds: by => (by === 'email' ? [{ id: '907' }] : []),
      writes: { ok: true, id: '907', action: 'updated' },
    })
    expect(written).to.equal(0)
    expect(after).to.include({ state: 'merged', mergedInto: holder._id })
  })

  it('an answer that says nothing of a record leaves it begun', async () => {
    const short = new RetryableError('REMOTE_SHORT', 'short', { ambiguous: true })
    const { after } = await settleBy(fresh(), { writes: { ok: false, error: short } })
    expect(after.outbox[USER]).to.include({ sending: true })
  })
})
