/**
 * What every connector must do, told through its Connection against a sandbox that behaves like the remote.
 * A connector's test gives a harness and calls `connectorContract`; nothing in here knows a remote.
 */
import { expect } from 'chai'
import { DataError, RetryableError, SetupError, WaslError } from '../../core/errors.ts'
import type { Connection, ConnectorDefinition, Payload, WriteResult } from '../../core/plugin.ts'
import { changesContract } from './changes.ts'

/** What the remote can be told to do wrong. `times` counts calls of the resource; the token endpoint is not counted. */
export type ContractFault =
  /** Asks to slow down (429 or what the remote has for it). */
  | 'busy'
  /** Answers 503, a maintenance page, or nothing. */
  | 'outage'
  /** Carries the next write out and then closes the connection without an answer. */
  | 'lose-answer'
  /** Refuses the credentials for good, a new access token too. */
  | 'refuse-token'
  /** Takes back the access token that is in use; a renewed one is good. Absent where there is nothing to renew. */
  | 'expire-token'

/** One sandbox with one connection to it, made anew for every test. */
export interface ContractSubject {
  readonly connection: Connection
  /** Makes an object as a person in the remote would, and answers its id. */
  put(fields: Payload): Promise<string>
  /** What the remote holds now, asked past the connector; null where it is gone. */
  peek(id: string): Promise<Payload | null>
  /** Deletes an object as a person in the remote would; absent where the test's account may not. */
  remove?(id: string): Promise<void>
  /** How many live objects of the resource there are. */
  count(): Promise<number>
  /** Sets a fault for the next `times` calls; Infinity until `mend`. */
  fault(fault: ContractFault, times: number): Promise<void>
  mend(): Promise<void>
  stop(): Promise<void>
}

export interface ContractHarness {
  readonly definition: ConnectorDefinition<never>
  /** The resource that is tried, a key of `definition.resources`. */
  readonly resource: string
  start(): Promise<ContractSubject>
  /** Every field of a good object, number `n`, as it is written; objects with different `n` differ in `key` and `text`. */
  fields(n: number): Payload
  /** The field by which objects are matched and which the remote itself refuses to double. */
  readonly key: string
  /** A free text field that `fields` sets and that may be cleared. */
  readonly text: string
  /** Fields that the remote refuses, and the field that its answer must name. */
  readonly refused: { readonly fields: (n: number) => Payload; readonly at: string }
  /** What the remote makes of a written value, where it is not the value itself (`true` becomes `1`). */
  readonly seen?: (field: string, value: unknown) => unknown
  /** What a cleared field reads as, where it differs from the definition's `empty`. */
  readonly cleared?: unknown
  /** A field of which two objects may hold the same value; absent where the resource has none that `find` knows. */
  readonly shared?: { readonly by: string; readonly fields: (n: number) => Payload; readonly value: string }
  /** Faults of the list above that this remote cannot have. */
  readonly without?: readonly ContractFault[]
  /** What `read` says of a deleted object: `gone` (default) where the remote keeps a list of them. */
  readonly deleted?: 'gone' | 'unseen'
  /** What `read` says of an id that never was: `unseen` (default). */
  readonly never?: 'gone' | 'unseen'
  /** An id that the remote has not given out. */
  readonly unknownId: string
}

const succeeded = (result: WriteResult | undefined) => {
  if (result === undefined) throw new Error('the write answered no result for an operation')
  if (!result.ok) throw result.error
  return result
}

const refusedWith = (result: WriteResult | undefined) => {
  if (result === undefined) throw new Error('the write answered no result for an operation')
  if (result.ok) throw new Error(`the write went well (${result.action} ${result.id}), it was to be refused`)
  return result
}

const raisedBy = async (work: Promise<unknown>): Promise<WaslError> => {
  try {
    await work
  } catch (error) {
    if (error instanceof WaslError) return error
    throw error
  }
  throw new Error('nothing was raised')
}

/** Where a whole call failed, a connector may raise or refuse each operation: both carry the same error. */
const failureOf = async (work: Promise<readonly WriteResult[]>): Promise<WaslError> => {
  try {
    return refusedWith((await work)[0]).error
  } catch (error) {
    if (error instanceof WaslError) return error
    throw error
  }
}

/** Hostile values for a search: quotes, wildcards, operators of COQL, of criteria and of SQL's LIKE. */
const hostile = [
  "O'Brien",
  "x' or id is not null or 'a'='a",
  "\\'",
  '\\',
  '%',
  '_',
  '%@%',
  '*',
  'a,b',
  'a)or(id:greater_than:0',
  '"',
  'واصل',
]

export const connectorContract = (name: string, harness: ContractHarness): void => {
  describe(`the connector contract, kept by ${name}`, () => {
    const definition = harness.definition.resources[harness.resource]!
    const idOf = (payload: Payload) => definition.idOf(payload)
    const none = new AbortController().signal
    const can = (fault: ContractFault) => (harness.without?.includes(fault) ? it.skip : it)
    let subject: ContractSubject
    const resource = () => subject.connection.resources[harness.resource]!
    const keyOf = (n: number) => String(harness.fields(n)[harness.key])
    const keyed = (n: number) => ({
      fields: harness.fields(n),
      key: { by: harness.key, value: keyOf(n) },
    })
    const seen = (field: string, value: unknown) => harness.seen?.(field, value) ?? value

    beforeEach(async () => {
      subject = await harness.start()
    })
    afterEach(async () => {
      await subject.stop()
    })

    describe('match', () => {
      it('reads objects by id, many at once, and tells those that are not there', async () => {
        const [one, two] = [await subject.put(harness.fields(1)), await subject.put(harness.fields(2))]
        const found = await resource().read([one, harness.unknownId, two], none)
        expect([...found.keys()].sort()).to.deep.equal([one, two, harness.unknownId].sort())
        for (const [id, n] of [
          [one, 1],
          [two, 2],
        ] as const) {
          const result = found.get(id)!
          if (result.state !== 'found') throw new Error(`${id} was ${result.state}`)
          expect(idOf(result.payload)).to.equal(id)
          expect(String(result.payload[harness.key])).to.equal(keyOf(n))
        }
        expect(found.get(harness.unknownId)!.state).to.equal(harness.never ?? 'unseen')
      })

      it('reads nothing and finds nothing when asked for nothing', async () => {
        expect((await resource().read([], none)).size).to.equal(0)
        expect((await resource().find(harness.key, [], none)).size).to.equal(0)
        expect(await resource().write([], none)).to.deep.equal([])
      })

      it('tells the version of what it read', async () => {
        const id = await subject.put(harness.fields(1))
        const result = (await resource().read([id], none)).get(id)!
        if (result.state !== 'found') throw new Error(`${id} was ${result.state}`)
        const version = definition.versionOf(result.payload)
        expect(version).to.not.deep.equal([])
        for (const part of version) expect(part).to.satisfy(Number.isFinite)
      })

      it('finds objects by their key, many values at once, and leaves out what has no match', async () => {
        const ids: string[] = []
        for (const n of [1, 2, 3]) ids.push(await subject.put(harness.fields(n)))
        const [one, , three] = ids
        const found = await resource().find(harness.key, [keyOf(1), keyOf(9), keyOf(3)], none)
        expect([...found.keys()].sort()).to.deep.equal([keyOf(1), keyOf(3)].sort())
        expect(found.get(keyOf(1))!.map(idOf)).to.deep.equal([one])
        expect(found.get(keyOf(3))!.map(idOf)).to.deep.equal([three])
      })

      it('finds an object by its own id', async () => {
        const id = await subject.put(harness.fields(1))
        const found = await resource().find('id', [id, harness.unknownId], none)
        expect([...found.keys()]).to.deep.equal([id])
      })

      for (const value of hostile)
        it(`finds nothing by ${JSON.stringify(value)}, which nobody has`, async () => {
          await subject.put(harness.fields(1))
          expect((await resource().find(harness.key, [value], none)).size).to.equal(0)
        })

      if (harness.shared !== undefined)
        it('answers every object where two hold the same value', async () => {
          const { by, fields, value } = harness.shared!
          const ids = [await subject.put(fields(1)), await subject.put(fields(2))]
          const found = await resource().find(by, [value], none)
          expect(found.get(value)!.map(idOf).sort()).to.deep.equal(ids.sort())
        })
    })

    describe('create', () => {
      it('makes an object with exactly the fields that were given', async () => {
        const [result] = await resource().write([keyed(1)], none)
        const { id, action } = succeeded(result)
        expect(action).to.equal('created')
        expect(id).to.be.a('string')
        const there = (await subject.peek(id))!
        for (const [field, value] of Object.entries(harness.fields(1)))
          expect(there[field], field).to.deep.equal(seen(field, value))
      })

      it('makes many in one call and answers in their order', async () => {
        const results = await resource().write([keyed(3), keyed(1), keyed(2)], none)
        const keys: string[] = []
        for (const result of results) {
          const there = await subject.peek(succeeded(result).id)
          keys.push(String(there![harness.key]))
        }
        expect(keys).to.deep.equal([keyOf(3), keyOf(1), keyOf(2)])
      })

      it('takes more operations than the remote takes in one call', async () => {
        const many = Array.from({ length: definition.perCall + 1 }, (_, n) => keyed(n + 1))
        const results = await resource().write(many, none)
        expect(new Set(results.map(result => succeeded(result).id)).size).to.equal(many.length)
        expect(await subject.count()).to.equal(many.length)
      })

      it('names the object that holds the unique value already, and makes no second one', async () => {
        const id = await subject.put(harness.fields(1))
        const { error, duplicateOf } = refusedWith((await resource().write([keyed(1)], none))[0])
        expect(error).to.be.instanceOf(DataError)
        expect(duplicateOf).to.deep.equal({ by: harness.key, id })
        expect(await subject.count()).to.equal(1)
      })
    })

    describe('update', () => {
      it('changes the fields that are named and leaves the others', async () => {
        const id = await subject.put(harness.fields(1))
        const [result] = await resource().write([{ id, fields: { [harness.text]: 'changed' } }], none)
        expect(succeeded(result)).to.include({ id, action: 'updated' })
        const there = (await subject.peek(id))!
        expect(there[harness.text]).to.equal('changed')
        expect(String(there[harness.key])).to.equal(keyOf(1))
      })

      it('keeps Arabic, quotes, markup and characters beyond the first plane', async () => {
        const text = 'مرحبا "x" <b>&amp;</b> 😀 a\\b'
        const id = await subject.put(harness.fields(1))
        succeeded((await resource().write([{ id, fields: { [harness.text]: text } }], none))[0])
        expect((await subject.peek(id))![harness.text]).to.equal(text)
      })

      it('creates and updates in one call, results in the order of the operations', async () => {
        const id = await subject.put(harness.fields(1))
        const results = await resource().write(
          [keyed(2), { id, fields: { [harness.text]: 'changed' } }, keyed(3)],
          none,
        )
        expect(results.map(result => succeeded(result).action)).to.deep.equal([
          'created',
          'updated',
          'created',
        ])
        expect(succeeded(results[1]).id).to.equal(id)
      })

      it('says REMOTE_GONE of an object that is not there any more', async function () {
        if (subject.remove === undefined) return this.skip()
        const id = await subject.put(harness.fields(1))
        await subject.remove(id)
        const { error } = refusedWith(
          (await resource().write([{ id, fields: { [harness.text]: 'changed' } }], none))[0],
        )
        expect(error).to.be.instanceOf(DataError)
        expect(error.code).to.equal('REMOTE_GONE')
        expect(await subject.count()).to.equal(0)
      })
    })

    it('clears a field that is sent as empty', async () => {
      const id = await subject.put(harness.fields(1))
      const [result] = await resource().write([{ id, fields: { [harness.text]: definition.empty } }], none)
      succeeded(result)
      const there = (await subject.peek(id))!
      expect(there[harness.text]).to.equal('cleared' in harness ? harness.cleared : definition.empty)
    })

    it('reads a deleted object as deleted', async function () {
      if (subject.remove === undefined) return this.skip()
      const id = await subject.put(harness.fields(1))
      await subject.remove(id)
      const result = (await resource().read([id], none)).get(id)!
      expect(result.state).to.equal(harness.deleted ?? 'gone')
    })

    describe('refuse', () => {
      it('names the field that the remote refuses', async () => {
        const [result] = await resource().write([{ fields: harness.refused.fields(1) }], none)
        const { error } = refusedWith(result)
        expect(error).to.be.instanceOf(DataError)
        expect(error.at).to.equal(harness.refused.at)
        expect(await subject.count()).to.equal(0)
      })

      it('carries out the rest of a batch, and answers each in its place', async () => {
        const results = await resource().write(
          [keyed(1), { fields: harness.refused.fields(2) }, keyed(3)],
          none,
        )
        expect(results.map(result => result.ok)).to.deep.equal([true, false, true])
        expect(refusedWith(results[1]).error.at).to.equal(harness.refused.at)
        expect(await subject.count()).to.equal(2)
      })
    })

    can('lose-answer')('calls a lost answer ambiguous, and makes no second object afterwards', async () => {
      await subject.fault('lose-answer', 1)
      const error = await failureOf(resource().write([keyed(1)], none))
      expect(error).to.be.instanceOf(RetryableError)
      expect((error as RetryableError).ambiguous).to.equal(true)
      await subject.mend()
      const again = (await resource().write([keyed(1)], none))[0]
      const found = await resource().find(harness.key, [keyOf(1)], none)
      expect(refusedWith(again).duplicateOf?.id).to.equal(idOf(found.get(keyOf(1))![0]!))
      expect(await subject.count()).to.equal(1)
    })

    describe('classes of failure', () => {
      can('busy')('a remote that asks us to slow down shuts its gate as busy', async () => {
        await subject.fault('busy', Number.POSITIVE_INFINITY)
        const error = await raisedBy(resource().read([harness.unknownId], none))
        expect(error).to.be.instanceOf(RetryableError)
        expect((error as RetryableError).gate).to.equal('busy')
      })

      can('outage')(
        'a remote that is out of order shuts its gate as an outage, and works again after',
        async () => {
          await subject.fault('outage', Number.POSITIVE_INFINITY)
          for (const work of [
            () => resource().read([harness.unknownId], none),
            () => resource().find(harness.key, [keyOf(1)], none),
            () => resource().write([keyed(1)], none),
          ]) {
            const error = await raisedBy(work())
            expect(error).to.be.instanceOf(RetryableError)
            expect((error as RetryableError).gate).to.equal('outage')
          }
          await subject.mend()
          succeeded((await resource().write([keyed(1)], none))[0])
        },
      )

      can('refuse-token')('refused credentials shut the gate, and are told by the check', async () => {
        await subject.fault('refuse-token', Number.POSITIVE_INFINITY)
        const error = await raisedBy(resource().read([harness.unknownId], none))
        if (error instanceof RetryableError) expect(error.gate).to.equal('token')
        else expect(error).to.be.instanceOf(SetupError)
        const wrong = (await subject.connection.check(none)).filter(check => !check.ok)
        expect(wrong).to.not.deep.equal([])
        for (const check of wrong) expect(check.hint, check.message).to.be.a('string')
      })

      can('expire-token')('an access token that expires is renewed unseen', async () => {
        const id = await subject.put(harness.fields(1))
        await resource().read([id], none)
        await subject.fault('expire-token', 1)
        expect((await resource().read([id], none)).get(id)!.state).to.equal('found')
        await subject.fault('expire-token', 1)
        succeeded((await resource().write([keyed(2)], none))[0])
        expect(await subject.count()).to.equal(2)
      })

      it('an aborted call ends at once with an error of ours', async () => {
        const aborted = AbortSignal.abort()
        const error = await raisedBy(resource().read([harness.unknownId], aborted))
        expect(error).to.be.instanceOf(RetryableError)
      })
    })

    if (definition.changes !== undefined) changesContract(harness, definition, () => subject)

    it('says of everything that it is in order when it is', async () => {
      const wrong = (await subject.connection.check(none)).filter(check => !check.ok)
      expect(wrong).to.deep.equal([])
    })
  })
}
