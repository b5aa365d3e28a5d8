import { expect } from 'chai'
import { createTouchReader, readAgainMs, readTouched, type Touched } from '../../core/delivery/touch.ts'
import { DataError, RetryableError, SetupError } from '../../core/errors.ts'
import type { ReadResult, ResourceConnection, ResourceDefinition } from '../../core/plugin.ts'
import { NOW, tenantWith, USER } from './records.ts'

const HOUR = 3_600_000
const PATIENCE_MS = 72 * HOUR

describe('when what could not be read is read again', () => {
  const table: readonly (readonly [failing: number, random: number, ms: number | undefined])[] = [
    [0, 0.5, 1000],
    [1000, 1, 1000],
    [10_000, 0, 2500],
    [10_000, 0.5, 5000],
    [10_000, 1, 7500],
    [2 * HOUR, 0.5, HOUR],
    [PATIENCE_MS, 1, HOUR],
    [PATIENCE_MS + 1, 0, undefined],
    [-5000, 0.5, 1000],
  ]
  for (const [failing, random, ms] of table)
    it(`failing for ${failing} ms, dice ${random}: after ${ms} ms`, () => {
      expect(readAgainMs(NOW - failing, NOW, random, PATIENCE_MS)).to.equal(ms)
    })
})

const definition: ResourceDefinition = {
  summary: 'Users',
  perCall: 2,
  uniqueBy: [],
  empty: '',
  idOf: () => undefined,
  versionOf: () => [],
}

/** A remote that counts its calls and answers when it is told to. */
function counting(answer: (id: string) => ReadResult | undefined | Error = found) {
  const calls: (readonly string[])[] = []
  const held: (() => void)[] = []
  let holding = false
  const connection: ResourceConnection = {
    async read(ids) {
      calls.push(ids)
      if (holding) await new Promise<void>(resolve => held.push(resolve))
      const results = new Map<string, ReadResult>()
      for (const id of ids) {
        const result = answer(id)
        if (result instanceof Error) throw result
        if (result !== undefined) results.set(id, result)
      }
      return results
    },
    find: async () => new Map(),
    write: async () => [],
  }
  return {
    calls,
    tenant: (id?: string) => tenantWith({ moodle: { user: connection } }, id),
    hold: () => {
      holding = true
    },
    letGo: () => {
      holding = false
      for (const go of held.splice(0)) go()
    },
  }
}
const found = (id: string): ReadResult => ({ state: 'found', payload: { id } })
const codeOf = (touched: Touched | undefined) =>
  touched !== undefined && 'error' in touched ? [touched.error.code, touched.again] : undefined

describe('what is touched', () => {
  it('is read in calls of as many as the remote takes', async () => {
    const remote = counting()
    const touched = await readTouched(remote.tenant(), USER, definition, ['1', '2', '3'], () => NOW)
    expect(remote.calls).to.deep.equal([['1', '2'], ['3']])
    expect(touched.get('3')).to.deep.equal({ result: found('3'), readAt: new Date(NOW) })
  })

  it('is read from no remote where there is none', async () => {
    const touched = await readTouched(tenantWith({}), USER, definition, ['1'])
    expect(codeOf(touched.get('1'))).to.deep.equal(['NOT_CONNECTED', false])
  })

  it('is gone, or cannot be seen and is read again', async () => {
    const remote = counting(id =>
      id === '1' ? { state: 'gone' } : id === '2' ? { state: 'unseen' } : undefined,
    )
    const touched = await readTouched(remote.tenant(), USER, definition, ['1', '2', '3'])
    expect(touched.get('1')).to.deep.include({ result: { state: 'gone' } })
    for (const id of ['2', '3']) expect(codeOf(touched.get(id))).to.deep.equal(['REMOTE_UNSEEN', true])
  })

  const failures: readonly (readonly [string, Error, boolean])[] = [
    ['busy', new RetryableError('REMOTE_BUSY', 'm'), true],
    ['not set up', new SetupError('NO_SCOPE', 'm'), true],
    ['wrong for good', new DataError('BAD_ID', 'm'), false],
  ]
  for (const [title, error, again] of failures)
    it(`fails for the ids of one call only, when that is ${title}`, async () => {
      const remote = counting(id => (id === '1' ? error : found(id)))
      const touched = await readTouched(remote.tenant(), USER, definition, ['1', '2', '3'])
      for (const id of ['1', '2']) expect(codeOf(touched.get(id))?.[1]).to.equal(again)
      expect(touched.get('3')).to.have.property('result')
    })

  it('passes a fault of ours on', async () => {
    const remote = counting(() => new TypeError('ours'))
    const cause = await readTouched(remote.tenant(), USER, definition, ['1']).catch((error: unknown) => error)
    expect(cause).to.be.instanceOf(TypeError)
  })
})

describe('touches by many at once', () => {
  const wide = { ...definition, perCall: 100 }
  /** Each time it is asked, far enough from the last that no read waits for another. */
  const striding = () => {
    let at = NOW
    return () => {
      at += 1000
      return at
    }
  }
  const turn = () => new Promise(resolve => setImmediate(resolve))

  it('are one read where they come together', async () => {
    const remote = counting()
    const read = createTouchReader(striding())
    const tenant = remote.tenant()
    const all = await Promise.all(['1', '2', '2'].map(id => read(tenant, USER, wide, [id])))
    expect(remote.calls).to.deep.equal([['1', '2']])
    for (const touched of all) expect([...touched.keys()]).to.deep.equal(['1', '2'])
  })

  it('wait for the next read while one runs, which is one for all of them', async () => {
    const remote = counting()
    remote.hold()
    const read = createTouchReader(striding())
    const tenant = remote.tenant()
    const first = read(tenant, USER, wide, ['1'])
    while (remote.calls.length === 0) await turn()
    const rest = Array.from({ length: 100 }, () => read(tenant, USER, wide, ['1']))
    await turn()
    expect(remote.calls).to.have.length(1)
    remote.letGo()
    await Promise.all([first, ...rest])
    expect(remote.calls).to.deep.equal([['1'], ['1']])
  })

  it('of another tenant or resource do not wait', async () => {
    const remote = counting()
    remote.hold()
    const read = createTouchReader(striding())
    const reads = [read(remote.tenant('a'), USER, wide, ['1']), read(remote.tenant('b'), USER, wide, ['1'])]
    while (remote.calls.length < 2) await turn()
    remote.letGo()
    await Promise.all(reads)
  })

  it('are read apart in time', async () => {
    const remote = counting()
    let clock = NOW
    const read = createTouchReader(() => clock)
    const tenant = remote.tenant()
    await read(tenant, USER, wide, ['1'])
    clock += 980
    const started = performance.now()
    await read(tenant, USER, wide, ['1'])
    expect(performance.now() - started).to.be.within(15, 400)
    expect(remote.calls).to.have.length(2)
  })

  it('of one record in a burst are three reads in six seconds', async () => {
    const remote = counting()
    let clock = NOW
    const read = createTouchReader(() => clock)
    const tenant = remote.tenant()
    await read(tenant, USER, wide, ['1'])
    clock += 1000
    await read(tenant, USER, wide, ['1'])
    clock += 4900
    const third = read(tenant, USER, wide, ['1'])
    await turn()
    expect(remote.calls).to.have.length(2)
    await third
    expect(remote.calls).to.have.length(3)
  })

  it('of another record do not wait for one that was just read', async () => {
    const remote = counting()
    let clock = NOW
    const read = createTouchReader(() => clock)
    const tenant = remote.tenant()
    await read(tenant, USER, wide, ['1'])
    clock += 1000
    await read(tenant, USER, wide, ['1'])
    clock += 600
    const held = read(tenant, USER, wide, ['1'])
    await turn()
    expect(remote.calls).to.have.length(2)
    await Promise.all([held, read(tenant, USER, wide, ['2'])])
    expect(remote.calls.at(-1)).to.deep.equal(['1', '2'])
  })

  it('are read after one that failed, which fails for its own only', async () => {
    let broken = true
    const remote = counting(id => (broken ? new TypeError('ours') : found(id)))
    const read = createTouchReader(striding())
    const tenant = remote.tenant()
    const failed = await read(tenant, USER, wide, ['1']).catch((error: unknown) => error)
    expect(failed).to.be.instanceOf(TypeError)
    broken = false
    expect((await read(tenant, USER, wide, ['1'])).get('1')).to.have.property('result')
  })
})
