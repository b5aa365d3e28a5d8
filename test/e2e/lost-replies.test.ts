/** The store does what it is told, and its answer is lost. */
import { expect } from 'chai'
import { type Command, startWireProxy, type WireProxy } from '../crash/wire.ts'
import { freshDatabase } from '../store.ts'
import { type College, notification, openCollege } from './college.ts'

describe('an answer of the store that is lost', () => {
  let proxy: WireProxy
  let college: College

  before(async () => {
    proxy = await startWireProxy(await freshDatabase())
    college = await openCollege({ announce: false, environment: { MONGODB_URI: proxy.uri } })
  })
  after(async () => {
    await college.close()
    await proxy.close()
  })

  /** The next `times` answers to such commands. */
  function lose(times: number, isIt: (command: Command) => boolean): void {
    let left = times
    proxy.treat(command => {
      if (left === 0 || !isIt(command)) return 'pass'
      left -= 1
      return 'drop'
    })
  }
  const student = (n: number) =>
    notification({
      id: `910000000000000000${n}`,
      Student_ID: `STU-${n}`,
      Full_Name: 'Lost Reply',
      Academic_Email: `lost.${n}@college.test`,
    })
  const stored = async (n: number) => {
    const filter = { identities: `zoho/BTEC_Students:910000000000000000${n}` }
    return college.engine.store.db.collection('records').findOne(filter)
  }

  it('W18: while a delivery is stored is a 503, and the repeat finds it stored', async () => {
    lose(1, ({ name, collection }) => name === 'insert' && collection === 'deliveries')
    const body = student(1)
    expect((await college.webhook('student', body)).status).to.equal(503)
    const again = await college.webhook('student', body)
    expect([again.status, again.body['status']]).to.deep.equal([200, 'in_progress'])
    const rows = college.engine.store.db.collection('deliveries')
    expect(await rows.countDocuments({ senderId: body['notification_id'] })).to.equal(1)
    // Nobody had it in memory: it is found by its moment.
    await rows.updateOne({ senderId: body['notification_id'] }, { $set: { dueAt: new Date() } })
    await college.quiet()
    expect((await stored(1))?.['state']).to.equal('ok')
  })

  it('while a record is held makes it no poison, however often', async () => {
    lose(4, ({ name, collection, body }) => {
      const ordered = name === 'update' && collection === 'records' && body['ordered'] === true
      return ordered && JSON.stringify(body['updates']).includes('lease')
    })
    await college.webhook('student', student(2))
    await college.quiet()
    expect(await stored(2)).to.include({ state: 'ok', claims: 0 })
    const users = [...college.moodle.site.users.all()].filter(({ email }) => email.startsWith('lost.'))
    expect(users).to.have.length(2)
  })
})
