import { expect } from 'chai'
import type { MongoClient } from 'mongodb'
import type { Payload } from '../../core/plugin.ts'
import { type College, notification, openCollege, until } from './college.ts'

interface Cost {
  commands: number
  documents: number
}

/** What the driver was asked to do, for taking in and applying, and apart from it for sending. */
class Counter {
  readonly intake: Cost = { commands: 0, documents: 0 }
  readonly sending: Cost = { commands: 0, documents: 0 }
  readonly byName = new Map<string, number>()

  constructor(client: MongoClient) {
    client.on('commandStarted', ({ commandName, command }) => {
      const collection = String(command[commandName])
      if (collection !== 'deliveries' && collection !== 'records') return
      // The test itself counts and looks.
      if (commandName === 'aggregate' || Object.keys(command['filter'] ?? { _: 0 }).length === 0) return
      const statements = (command['documents'] ?? command['updates'] ?? []) as readonly { q?: object }[]
      const filter = { ...command['filter'], ...statements[0]?.q }
      const leased = 'lease.nonce' in filter || ('dueAt' in filter && collection === 'records')
      const cost = leased ? this.sending : this.intake
      cost.commands += 1
      cost.documents += statements.length
      const name = `${leased ? 'sending' : 'intake'} ${commandName} ${collection}`
      this.byName.set(name, (this.byName.get(name) ?? 0) + Math.max(1, statements.length))
    })
  }
}

describe('what an event costs the store', () => {
  let college: College

  before(async () => {
    college = await openCollege({ announce: false, monitorCommands: true })
  })

  after(() => college.close())

  it('is at most 3.2 documents and 0.2 commands until it has its outcome, and no record for UNCHANGED', async () => {
    const students = Array.from({ length: 500 }, (_, place): Payload & { id: string } => ({
      id: `5000000000000${10_000 + place}`,
      Student_ID: `STU-${place}`,
      Full_Name: `Student ${place}`,
      Academic_Email: `student.${place}@college.test`,
      Status: 'Active',
    }))
    const sync = (data: readonly Payload[]) =>
      college.call('POST', '/api/v1/sync/students', { data: data as Payload[] })
    await sync(students.slice(0, 300).map(each => ({ ...each, Modified_Time: '2026-09-01T08:00:00+03:00' })))
    await college.quiet()

    college.plugin.echoes = false
    const counter = new Counter(college.engine.store.db.client as unknown as MongoClient)
    const same = students.slice(0, 300).map(each => ({ ...each, Modified_Time: '2026-09-01T08:00:00+03:00' }))
    const before = await college.engine.store.db.collection('records').find().toArray()
    const unchanged = await sync(same)
    expect(unchanged.body['summary']).to.include({ unchanged: 300 })
    expect(await college.engine.store.db.collection('records').find().toArray()).to.deep.equal(before)

    const later = { Modified_Time: '2026-09-02T08:00:00+03:00' }
    const changed = students.slice(0, 150).map(each => ({ ...each, City: 'Irbid', ...later }))
    const fresh = students.slice(300).map(each => ({ ...each, ...later }))
    const mixed = await sync([...changed, ...fresh, ...same.slice(150, 300)])
    expect(mixed.body['summary']).to.include({ updated: 150, new: 200, unchanged: 150 })
    await college.quiet()
    const events = 800
    const told = [...counter.byName].map(([name, count]) => `${name}: ${count}`).join(', ')
    expect(counter.intake.documents / events, told).to.be.at.most(3.2)
    expect(counter.intake.commands / events, told).to.be.at.most(0.2)
  }).timeout(60_000)

  it('is one look a second for what is due, however many are sent one by one', async () => {
    let looks = 0
    const client = college.engine.store.db.client as unknown as MongoClient
    const count = ({ command }: { command: Payload }) => {
      if (command['find'] === 'records' && 'dueAt' in (command['filter'] as Payload)) looks += 1
    }
    client.on('commandStarted', count as never)
    const begun = performance.now()
    for (let n = 0; n < 20; n++) {
      const fields = {
        Full_Name: 'Rana Aziz',
        Academic_Email: `one.by.one.${n}@college.test`,
        Status: 'Active',
      }
      const id = college.zoho.person.create('BTEC_Students', fields)
      const { body } = await college.webhook('student', notification({ id, ...fields }), {
        prefer: 'wait=10',
      })
      expect(body).to.include({ outcome: 'NEW', action: 'created' })
    }
    client.off('commandStarted', count as never)
    // One more after whatever the looks found.
    expect(looks).to.be.at.most(2 * Math.ceil((performance.now() - begun) / 1000) + 1)
  })

  it('is no lease for students whose Moodle is held back, and who waits for them hears of it', async () => {
    await college.call('POST', '/api/v1/gates/moodle/pause', { reason: 'Upgrade tonight.' })
    await until('the gate is known', () => college.engine.delivery.gates.length > 0)
    const refs = { Student: { id: '600000000000019999' }, Unit: { id: '61' }, Registration: { id: '62' } }
    const { body } = await college.call('POST', '/api/v1/sync/grades', {
      data: [{ id: '600000000000029999', Grade: 'Merit', ...refs }],
    })
    expect(body['summary']).to.include({ waiting: 1 })
    await college.quiet()

    const counter = new Counter(college.engine.store.db.client as unknown as MongoClient)
    const data = Array.from({ length: 200 }, (_, place) => ({
      id: `6000000000000${19_800 + place}`,
      Student_ID: `STU-H${place}`,
      Full_Name: `Student ${place}`,
      Academic_Email: `held.${place}@college.test`,
    }))
    await college.call('POST', '/api/v1/sync/students', { data })
    await college.quiet()
    const states = await college.engine.store.db
      .collection('records')
      .find({ state: 'gated', module: 'student', woke: { $exists: false }, dueAt: { $exists: false } })
      .toArray()
    expect(states).to.have.length(200)
    const [grade] = await college.engine.store.records.byIdentities('default', [
      'zoho/BTEC_Grades:600000000000029999',
    ])
    expect(grade?.missing.map(({ name }) => name)).to.have.members(['unit', 'registration'])
    // The grade alone: claimed when it was woken, and at its end.
    const told = [...counter.byName].map(([name, count]) => `${name}: ${count}`).join(', ')
    expect(counter.sending.documents, told).to.be.at.most(8)
  })
})
