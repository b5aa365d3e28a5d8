/**
 * The disk of the embedded store is full for a minute while webhooks come in: a small file system of its own, which a
 * file fills. It needs to be allowed to mount one. `FULL_SECONDS=10` is shorter.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { startMoodleSandbox } from '../../connectors/moodle/sandbox/index.ts'
import { startZohoSandbox } from '../../connectors/zoho/sandbox/index.ts'
import { openStore } from '../../core/store/connect.ts'
import { embeddedUri } from '../../core/store/embedded/connect.ts'
import { environmentFor, notification, until } from '../e2e/college.ts'
import { atRest } from '../rest.ts'
import { print } from './colleges.ts'
import { buildProgram, runEngine } from './processes.ts'
import { entryOf, storesOf } from './store-process.ts'
import { signed } from './world.ts'
import { writesOf } from './writes.ts'

const SECONDS = Number(process.env['FULL_SECONDS'] ?? 60)
const DISK_MB = 160
/** Before the disk is full, and after it, in seconds. */
const AROUND = 8
const SENDERS = 8
/** So that the store soon needs new pages. */
const PADDING = 'x'.repeat(20_000)
const CHUNKS = [1 << 20, 1 << 12, 1]

/** A file system that holds little. Undefined: it cannot be mounted here. */
function smallDisk(folder: string): { unmount(): void } | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', folder], { stdio: 'pipe' })
  } catch (error) {
    print(`not run, since no file system can be mounted here: ${(error as Error).message.trim()}`)
    return undefined
  }
  return { unmount: () => execFileSync('umount', ['-l', folder]) }
}

/** Takes all that is left. */
function fill(file: string): void {
  const open = openSync(file, 'w')
  for (const size of CHUNKS) {
    const chunk = Buffer.alloc(size)
    try {
      while (writeSync(open, chunk) === size);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
  closeSync(open)
}

describe('a disk that is full', function () {
  this.timeout(0)

  it('K54: answers 503 for as long, ends nothing, and all goes on by itself', async function () {
    const folder = await mkdtemp(join(tmpdir(), 'wasl-full-'))
    const disk = smallDisk(folder)
    if (disk === undefined) {
      await rm(folder, { recursive: true })
      return this.skip()
    }
    const program = await buildProgram()
    const zoho = await startZohoSandbox({ concurrency: 60 })
    const moodle = await startMoodleSandbox()
    const writes = writesOf(moodle)
    const engine = await runEngine(program, { ...environmentFor(zoho, moodle), WASL_DATA: folder })
    try {
      const credentials = await engine.credentials()
      const [store] = storesOf(folder)
      const accepted = new Set<string>()
      const answers: { at: number; status: number; retryAfter: string | null }[] = []
      let sending = true
      let next = 0
      async function sender(): Promise<void> {
        while (sending) {
          const n = next
          next += 1
          const fields = {
            Student_ID: `STU-${n}`,
            Full_Name: `Full V${n}`,
            First_Name: 'Full',
            Last_Name: `V${n}`,
            Academic_Email: `full.${n}@college.test`,
            Notes: PADDING,
          }
          const body = notification({ id: String(9_200_000_000_000_000_000n + BigInt(n)), ...fields })
          // A sender repeats what was not accepted.
          for (let heard = false; !heard && sending; ) {
            const response = await signed(engine.url, credentials, 'student', body)
            await response.arrayBuffer()
            const { status, headers } = response
            answers.push({ at: Date.now(), status, retryAfter: headers.get('retry-after') })
            heard = status === 202 || status === 200
            if (heard) accepted.add(`STU-${n}`)
            else await pause(200)
          }
          await pause(20)
        }
      }
      const senders = Array.from({ length: SENDERS }, sender)
      await pause(AROUND * 1000)
      const filler = join(folder, 'filler')
      fill(filler)
      const full = Date.now()
      await until('it is refused', async () => answers.at(-1)?.status === 503, 60_000)
      const refusing = Date.now()
      while (Date.now() - refusing < SECONDS * 1000) {
        // What was given back meanwhile is taken too.
        fill(join(folder, 'filler-more'))
        await pause(500)
      }
      const live = await fetch(`${engine.url}/health/live`).then(({ status }) => status)
      const ready = await fetch(`${engine.url}/health/ready`).then(({ status }) => status)
      for (const name of ['filler', 'filler-more']) rmSync(join(folder, name), { force: true })
      const freed = Date.now()
      await until('it is accepted again', async () => answers.at(-1)?.status === 202, 60_000)
      const again = Date.now()
      await pause(AROUND * 1000)
      sending = false
      await Promise.all(senders)

      const opened = await openStore({ uri: await embeddedUri(folder, { entry: entryOf(program) }) })
      const { db } = opened
      await until('all is at rest', () => atRest(opened), 120_000)
      const raw = { projection: { raw: 0 } }
      const deliveries = await db.collection('deliveries').find({ channel: 'events' }, raw).toArray()
      const records = await db.collection('records').find({}).toArray()
      await opened.close()
      writes.look()

      const during = answers.filter(({ at }) => at >= refusing && at < freed)
      const count = (status: number) => during.filter(each => each.status === status).length
      const lost = [...accepted].filter(name => (writes.created.get(name) ?? 0) !== 1)
      print(
        `full for ${Math.round((freed - full) / 1000)} s: ${during.length} posts answered, ${count(503)} of them 503, ${count(202)} 202; ` +
          `/health/live ${live}, /health/ready ${ready}; accepted again ${again - freed} ms after it was freed`,
      )
      print(
        `${accepted.size} accepted in all, ${deliveries.length} stored, ${records.length} records, ${lost.length} not in Moodle once; ` +
          `engine ended ${engine.ends.length} times, store ${storesOf(folder)[0] === store ? 'never' : 'at least once'}`,
      )
      expect(engine.ends).to.deep.equal([])
      expect(storesOf(folder)).to.deep.equal([store])
      expect(during.filter(({ status }) => status !== 503 && status !== 202)).to.deep.equal([])
      expect(count(503)).to.be.greaterThan(0)
      expect(during.filter(({ status, retryAfter }) => status === 503 && retryAfter === null)).to.deep.equal(
        [],
      )
      expect([live, ready]).to.deep.equal([200, 503])
      expect(lost).to.deep.equal([])
      expect(records.filter(({ state }) => state !== 'ok')).to.deep.equal([])
    } finally {
      await engine.stop()
      writes.end()
      await Promise.all([zoho.close(), moodle.stop()])
      disk.unmount()
      await rm(folder, { recursive: true, force: true })
      await program.remove()
    }
  })
})
