/** Issue: six hours without Moodle for 10,000 records; a record that always fails; a burst of touches. */
import { expect } from 'chai'
import type { MongoClient } from 'mongodb'
import { channelToken } from '../../connectors/zoho/verify.ts'
import { type College, notification, openCollege, until } from '../e2e/college.ts'
import { type ClockedCollege, openClocked } from './clock.ts'
import { many, post, print } from './colleges.ts'

const RECORDS = Number(process.env['OUTAGE_RECORDS'] ?? 10_000)
const HOUR = 3_600_000

/** So many new students come in, and all of them are applied. */
async function deliver(college: College, count: number, now: () => number): Promise<void> {
  await many(count, 20, async n => {
    const fields = {
      Student_ID: `STU-${n}`,
      Full_Name: 'Out Age',
      Academic_Email: `out.${n}@college.test`,
    }
    const id = `9100000${String(n).padStart(10, '0')}`
    const status = await post(college.engine, 'student', notification({ id, ...fields }), now)
    if (status !== 202) throw new Error(`answered ${status}`)
  })
  const records = college.engine.store.db.collection('records')
  await until('all are applied', async () => (await records.estimatedDocumentCount()) === count, 120_000)
  print(`${count} were accepted and applied`)
}

describe('a remote that does not answer', function () {
  this.timeout(0)

  it('six hours of outage kill nothing, and drain in order', async () => {
    const { college, now, next, turn }: ClockedCollege = await openClocked({ announce: false })
    try {
      college.moodle.faults.add({ kind: 'maintenance', times: 1_000_000 })
      const begun = now()
      await deliver(college, RECORDS, now)
      const records = college.engine.store.db.collection('records')
      await turn(1000)
      const calls = () => college.moodle.log.map(({ at }) => Date.parse(at))
      const first = college.moodle.log.length
      for (let hour = 1; hour <= 6; hour++) {
        while (now() - begun < hour * HOUR) await next(30_000)
        print(`hour ${hour} is over`)
      }
      const probes = calls().slice(first)
      const gaps = probes.slice(1).map((at, place) => at - probes[place]!)
      const dead = await records.countDocuments({ state: 'dead' })
      print(
        `${RECORDS} records, ${((now() - begun) / HOUR).toFixed(1)} h: ${first} calls before the gate shut, then ${probes.length} probes, ` +
          `none within ${Math.floor(Math.min(...gaps) / 1000)} s of another; ${dead} dead`,
      )
      expect(dead).to.equal(0)
      expect(probes.length).to.be.within(300, (6 * HOUR) / 30_000)
      expect(Math.min(...gaps)).to.be.at.least(30_000)

      college.moodle.faults.clear()
      const pushedAt: number[] = []
      let seen = 0
      for (let second = 0; seen < RECORDS && second < 600; second++) {
        await turn(1000)
        const users = [...college.moodle.site.users.all()].filter(each =>
          each.idnumber.startsWith('STU-'),
        ).length
        pushedAt.push(users - seen)
        seen = users
      }
      const order = (
        await records
          .find({}, { projection: { pushed: 1 } })
          .sort({ _id: 1 })
          .toArray()
      ).map(each =>
        (Object.values(each['pushed'] as Record<string, { at: Date }>)[0]?.at ?? new Date(0)).getTime(),
      )
      // The probe and the batch that found the outage are before their turn; within one second there is no order.
      const inversions = order.slice(1).filter((at, place) => at < order[place]!).length
      const most = Math.max(...pushedAt)
      print(
        `drained in ${pushedAt.filter(each => each > 0).length} buckets of 1 s, the largest ${most} (${((most / RECORDS) * 100).toFixed(1)} %); ` +
          `${inversions} sent before an older one; ${await records.countDocuments({ state: 'dead' })} dead`,
      )
      expect(seen).to.equal(RECORDS)
      expect(most).to.be.at.most(RECORDS * 0.05)
      expect(inversions).to.equal(0)
    } finally {
      await college.close()
    }
  })

  it('J10: what fails in one second comes back over many, and needs few jobs', async () => {
    const { college, now } = await openClocked({ announce: false, engine: { scheduler: true } })
    try {
      const client = college.engine.store.db.client as unknown as MongoClient
      let jobs = 0
      client.on('commandStarted', ({ commandName, command }) => {
        const documents = (command['documents'] ?? []) as { name?: string }[]
        if (commandName === 'insert' && command['insert'] === 'agendaJobs')
          jobs += documents.filter(({ name }) => name === 'retry').length
      })
      college.moodle.faults.add({ kind: 'database', function: 'core_user_create_users', times: 1_000_000 })
      await deliver(college, RECORDS, now)
      const records = college.engine.store.db.collection('records')
      // The clock stands: all of them fail at the same moment.
      await until(
        'all have failed',
        async () => (await records.countDocuments({ state: 'retrying' })) === RECORDS,
        300_000,
      )
      const counts = new Map<number, number>()
      for await (const record of records.find({}, { projection: { outbox: 1 } })) {
        const entry = record['outbox']['moodle/user'] as { notBefore: Date }
        const second = Math.floor(entry.notBefore.getTime() / 1000)
        counts.set(second, (counts.get(second) ?? 0) + 1)
      }
      const most = Math.max(...counts.values())
      print(
        `${RECORDS} records failed in one second: their retries are in ${counts.size} buckets of 1 s, the largest ${most} ` +
          `(${((most / RECORDS) * 100).toFixed(1)} %); ${jobs} Agenda jobs`,
      )
      expect(most).to.be.at.most(Math.max(20, RECORDS * 0.05))
      expect(jobs).to.be.within(1, 19)
    } finally {
      await college.close()
    }
  })

  it('a record that always fails is sent at most 12 times in its first hour, echoes of its marks included', async () => {
    const { college, now, next } = await openClocked({ echoes: true })
    try {
      college.moodle.faults.add({ kind: 'database', function: 'core_user_create_users', times: 1_000_000 })
      const begun = now()
      college.zoho.person.create('BTEC_Students', {
        Student_ID: 'STU-FAILS',
        Full_Name: 'Always Fails',
        Academic_Email: 'always.fails@college.test',
      })
      const sends = () => college.moodle.log.filter(call => call.function === 'core_user_create_users')
      await until('the first try', () => sends().length > 0)
      const first = Date.parse(sends()[0]!.at)
      while (now() - begun < HOUR) await next(60_000)
      const inFirstHour = sends().filter(({ at }) => Date.parse(at) - first < HOUR).length
      const marks = college.zoho.log.filter(call => call.method === 'PUT').length
      print(`${inFirstHour} sends in the first hour, ${marks} writes to Zoho`)
      expect(inFirstHour).to.be.within(2, 12)
      expect(marks).to.be.within(1, 3)
    } finally {
      await college.close()
    }
  })

  it('1,000 touches for one record are at most 3 reads', async () => {
    const college = await openCollege({ announce: false })
    try {
      const endpoint = college.engine.credentials.endpoints['zoho-token']
      const secret = endpoint?.secret ?? ''
      const student = college.zoho.person.create('BTEC_Students', {
        Student_ID: 'STU-BURST',
        Full_Name: 'Burst One',
        Academic_Email: 'burst@college.test',
      })
      const url = `${college.engine.url}/api/v1/events/zoho/student?endpoint=${endpoint?.id}&secret=${encodeURIComponent(secret)}`
      const at = Date.now()
      const statuses = await Promise.all(
        Array.from({ length: 1000 }, async (_, n) => {
          const body = JSON.stringify({
            server_time: at + n,
            module: 'BTEC_Students',
            ids: [student],
            operation: 'update',
            channel_id: '1',
            token: channelToken(secret),
          })
          const response = await fetch(url, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body,
          })
          await response.arrayBuffer()
          return response.status
        }),
      )
      const took = Date.now() - at
      await college.quiet(60_000)
      const reads = college.zoho.log.filter(
        ({ method, path }) => method === 'GET' && path.includes(student),
      ).length
      print(`1,000 touches answered in ${took} ms (${[...new Set(statuses)].join(', ')}): ${reads} reads`)
      expect(new Set(statuses)).to.deep.equal(new Set([202]))
      expect(reads).to.be.at.most(3)
    } finally {
      await college.close()
    }
  })
})
