/** Issue: Agenda's collection dropped ten times during a run; fifty cold starts of two engines at once. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { type Engine, startEngine } from '../../core/engine.ts'
import { createLog } from '../../core/log.ts'
import { type College, connectors, notification, openCollege, until } from '../e2e/college.ts'
import { freshDatabase } from '../store.ts'
import { many, post, print } from './colleges.ts'

const STUDENTS = Number(process.env['AGENDA_STUDENTS'] ?? 2000)
const STARTS = Number(process.env['AGENDA_STARTS'] ?? 50)
const DROPS = 10
const EVERY_MS = 3000
const LATEST_MS = 60_000
/** Of one installation, whichever machine it runs on. */
const KEY = Buffer.alloc(32, 7).toString('base64')
const SCHEDULES = ['schedules', 'sweep', 'sync']

interface Lateness {
  /** Of records that were tried again: how long they stood due and unheld at most, in milliseconds. */
  readonly most: number
  readonly retries: number
  end(): Promise<void>
}

/** Looks all the time at what is to be tried again: whether its moment is past, and nobody has it. */
function watchRetries({ engine }: College): Lateness {
  const records = engine.store.db.collection('records')
  const seen = new Set<string>()
  let most = 0
  let watching = true
  const watch = (async () => {
    while (watching) {
      const retrying = await records
        .find({ state: 'retrying' }, { projection: { dueAt: 1, lease: 1 } })
        .toArray()
      for (const { _id, dueAt, lease } of retrying) {
        seen.add(`${_id} ${(dueAt as Date).getTime()}`)
        if (lease === undefined) most = Math.max(most, Date.now() - (dueAt as Date).getTime())
      }
      await pause(100)
    }
  })()
  return {
    get most() {
      return most
    },
    get retries() {
      return seen.size
    },
    async end() {
      watching = false
      await watch
    },
  }
}

describe("Agenda's collection", function () {
  this.timeout(0)

  it('J02: dropped ten times in a run costs no retry more than 60 s, and the schedules come back', async () => {
    const college = await openCollege({ announce: false })
    try {
      const { db } = college.engine.store
      const jobs = db.collection('agendaJobs')
      await until('the schedules', async () => (await jobs.countDocuments({ type: 'single' })) === 3)
      // The next 150 creations fail, each with all who are in its call: they come back, and fail again.
      college.moodle.faults.add({ kind: 'database', function: 'core_user_create_users', times: 150 })
      const lateness = watchRetries(college)
      let rung = 0
      const dropping = (async () => {
        for (let n = 0; n < DROPS; n++) {
          await pause(EVERY_MS * (0.5 + Math.random()))
          rung += await jobs.countDocuments({ name: 'retry' })
          await jobs.drop()
        }
      })()
      await many(STUDENTS, 8, async n => {
        const id = `9100000${String(n).padStart(10, '0')}`
        const fields = {
          Student_ID: `STU-${n}`,
          Full_Name: 'Late Again',
          Academic_Email: `late.${n}@college.test`,
        }
        expect(await post(college.engine, 'student', notification({ id, ...fields }))).to.equal(202)
        // About as long as the drops take.
        await pause((8 * DROPS * EVERY_MS) / STUDENTS)
      })
      await dropping
      await college.quiet(300_000)
      await lateness.end()
      const users = [...college.moodle.site.users.all()].filter(each => each.idnumber.startsWith('STU-'))
      const left = college.moodle.faults.list[0]?.times ?? 0
      print(
        `${STUDENTS} students, ${150 - left} calls failed, ${lateness.retries} retries; ${DROPS} drops took ${rung} retry jobs along; ` +
          `nothing stood due unheld longer than ${lateness.most} ms; ${users.length} users in Moodle`,
      )
      expect(users).to.have.length(STUDENTS)
      expect(lateness.retries).to.be.greaterThan(100)
      expect(lateness.most).to.be.lessThan(LATEST_MS)
      const back = async () => (await jobs.countDocuments({ type: 'single' })) === SCHEDULES.length
      await until('the schedules are back', back, LATEST_MS)
    } finally {
      await college.close()
    }
  })

  it('J01: after a cold start of two engines at once holds one row per schedule, fifty times', async () => {
    const college = await openCollege({ announce: false, environment: { WASL_KEY: KEY } })
    try {
      const rows: string[] = []
      for (let n = 0; n < STARTS; n++) rows.push(await coldStart(college))
      const right = rows.filter(row => row === SCHEDULES.join())
      print(`${STARTS} cold starts of two engines: ${right.length} with one row for each of ${right[0]}`)
      expect(rows.filter(row => row !== SCHEDULES.join())).to.deep.equal([])
    } finally {
      await college.close()
    }
  })
})

/** Two engines at once on a store that nobody used before. The names of all repeated jobs that stand there then. */
async function coldStart(college: College): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wasl-cold-'))
  const settings = { ...college.settings, mongodbUri: await freshDatabase() }
  const engines: Engine[] = []
  try {
    // Each on a machine of its own.
    const start = async (machine: string) => {
      engines.push(
        await startEngine({
          settings: { ...settings, dataFolder: join(folder, machine) },
          connectors,
          log: createLog({ level: settings.logLevel, readable: true }),
        }),
      )
    }
    await Promise.all([start('a'), start('b')])
    const running = async ({ url }: Engine) => {
      const { scheduler } = (await (await fetch(`${url}/health/ready`)).json()) as { scheduler: string }
      return scheduler === 'running'
    }
    await until(
      'both schedulers',
      async () => (await Promise.all(engines.map(running))).every(Boolean),
      60_000,
    )
    const jobs = (engines[0] as Engine).store.db.collection('agendaJobs')
    const all = await jobs.find({ repeatInterval: { $exists: true } }).toArray()
    return all
      .map(({ name }) => String(name))
      .sort()
      .join()
  } finally {
    await Promise.all(engines.map(engine => engine.stop()))
    await rm(folder, { recursive: true, force: true })
  }
}
