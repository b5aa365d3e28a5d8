/** A process that is stopped with a lease in its hand, and goes on when another has sent a newer state. */
import { expect } from 'chai'
import type { LoggedCall } from '../../connectors/moodle/sandbox/index.ts'
import { until } from '../e2e/college.ts'
import { print } from './colleges.ts'
import { buildProgram, type EngineProcess, type Program } from './processes.ts'
import type { Command } from './wire.ts'
import { openWorld, type World } from './world.ts'

const TIMES = Number(process.env['FROZEN'] ?? 5)
const AT = Date.UTC(2026, 8, 1)
/** Twice the length of a lease. */
const TAKEN_OVER_MS = 120_000

/** What of a student's creation or update was carried out, oldest first: the family names. */
function namesSent(log: readonly LoggedCall[], email: string, id: number | undefined): readonly string[] {
  return log.flatMap(call => {
    if (!/^core_user_(create|update)_users$/.test(call.function)) return []
    const { users } = call.parameters as unknown as { users: Record<string, Record<string, string>> }
    const own = Object.values(users).filter(sent => sent['email'] === email || Number(sent['id']) === id)
    return own.map(sent => sent['lastname'] ?? '')
  })
}

describe('a process that is stopped between its mark and its first byte', function () {
  this.timeout(0)
  let program: Program
  let world: World
  let other: EngineProcess

  before(async () => {
    program = await buildProgram()
    world = await openWorld(program)
    other = await world.another()
  })
  after(async () => {
    await world?.close()
    await program?.remove()
  })

  const student = (n: string, version: number) => {
    const at = new Date(AT + version * 1000).toISOString()
    const fields = {
      Student_ID: `STU-${n}`,
      First_Name: 'Frozen',
      Last_Name: `V${version}`,
      Full_Name: `Frozen V${version}`,
      Academic_Email: `${n}@college.test`,
    }
    return { at, fields }
  }

  async function tell(id: string, n: string, version: number, to: EngineProcess): Promise<void> {
    const { at, fields } = student(n, version)
    const data = { id, Modified_Time: at, ...fields }
    const body = {
      notification_id: `${n}-${version}`,
      timestamp: at,
      module: 'BTEC_Students',
      operation: 'update',
      record_id: id,
      data,
    }
    await world.post('student', body, to)
  }

  const userOf = (n: string) =>
    [...world.moodle.site.users.all()].find(({ idnumber }) => idnumber === `STU-${n}`)

  /** Stops the first engine as soon as it says this to the store. Resolves when it stands. */
  function stopAt(isIt: (command: Command) => boolean): Promise<number> {
    return new Promise(resolve => {
      world.proxy.treat(command => {
        if (!isIt(command)) return 'pass'
        world.proxy.treat(() => 'pass')
        const { pid } = world.engine
        if (pid === undefined) return 'pass'
        process.kill(pid, 'SIGSTOP')
        resolve(pid)
        return 'pass'
      })
    })
  }

  /** The first engine is stopped where `isIt` holds, the second sends `version`, the first goes on. */
  async function frozen(n: string, id: string, version: number, isIt: (command: Command) => boolean) {
    const standing = stopAt(isIt)
    await tell(id, n, version, world.engine)
    const pid = await standing
    try {
      await tell(id, n, version + 1, other)
      await until('the other', () => userOf(n)?.lastname === `V${version + 1}`, TAKEN_OVER_MS)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    // It is awake when it asks for what is due again; what it held was given up or sent by then.
    const { seen } = world.proxy
    await until('the first goes on', () => world.proxy.seen > seen + 30, TAKEN_OVER_MS)
    await world.quiet()
    return namesSent(world.moodle.log, `${n}@college.test`, userOf(n)?.id)
  }

  it('K52: sends nothing of what it held when it goes on, and the newest stands', async () => {
    const ends: string[] = []
    for (let n = 0; n < TIMES; n++) {
      const made = `made-${n}`
      const madeId = world.zoho.person.create('BTEC_Students', student(made, 0).fields)
      const isMark = ({ name, body }: Command) =>
        name === 'update' && JSON.stringify(body['updates']).includes('.sending":true')
      const created = await frozen(made, madeId, 1, isMark)

      const changed = `changed-${n}`
      const changedId = world.zoho.person.create('BTEC_Students', student(changed, 0).fields)
      await tell(changedId, changed, 1, other)
      await world.quiet()
      const isClaim = ({ name, body }: Command) =>
        name === 'find' && 'lease.nonce' in (body['filter'] as object)
      const updated = await frozen(changed, changedId, 2, isClaim)
      ends.push(`creation: ${created.join(' ')}; update: ${updated.join(' ')}`)
      for (const [name, version] of [
        [made, 2],
        [changed, 3],
      ] as const) {
        const users = [...world.moodle.site.users.all()].filter(each => each.idnumber === `STU-${name}`)
        expect(users.map(({ lastname }) => lastname)).to.deep.equal([`V${version}`])
      }
    }
    print(`${TIMES} times each: what Moodle was sent ${[...new Set(ends)].join(' | ')}`)
    expect(new Set(ends)).to.deep.equal(new Set(['creation: V2; update: V1 V3']))
  })
})
