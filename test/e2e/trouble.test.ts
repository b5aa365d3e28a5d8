import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { type College, notification, openCollege, until } from './college.ts'

describe('trouble with the remotes', () => {
  let college: College
  let next = 2000

  beforeEach(async () => {
    college = await openCollege({ announce: false })
  })

  afterEach(() => college.close())

  function student(changes: Payload = {}): Payload & { id: string } {
    next += 1
    const fields: Payload = {
      Student_ID: `STU-${next}`,
      Full_Name: 'Sara Naser',
      Academic_Email: `sara.naser.${next}@college.test`,
      Status: 'Active',
      ...changes,
    }
    return { id: college.zoho.person.create('BTEC_Students', fields), ...fields }
  }

  const users = (idnumber: unknown) =>
    [...college.moodle.site.users.all()].filter(each => each.idnumber === idnumber)

  const synced = (id: string) =>
    until(
      'Synced in Zoho',
      () => college.zoho.record('BTEC_Students', id)?.['Sync_Status'] === 'Synced',
      20_000,
    )

  it('a Zoho that answers 500 and 429 is told in the end, once', async () => {
    college.zoho.faults.set({ status500: true, times: 2, path: '/crm/' })
    const one = student()
    await college.webhook('student', notification(one))
    await synced(one.id)
    college.zoho.faults.set({ status429: true, retryAfter: '1', times: 1, path: '/crm/' })
    const other = student()
    await college.webhook('student', notification(other))
    await synced(other.id)
    expect(users(one['Student_ID'])).to.have.length(1)
    expect(users(other['Student_ID'])).to.have.length(1)
  }).timeout(40_000)

  it('a Moodle that is down for a moment gets everybody when it is back, once each', async () => {
    college.moodle.faults.add({ kind: 'maintenance', times: 1 })
    const all = [student(), student(), student()]
    for (const one of all) await college.webhook('student', notification(one))
    for (const one of all) await synced(one.id)
    for (const one of all) expect(users(one['Student_ID'])).to.have.length(1)
    const { body } = await college.call('GET', '/health/ready')
    expect(body['status']).to.equal('ready')
  }).timeout(40_000)

  it('an answer that was lost creates nobody twice', async () => {
    college.moodle.faults.add({ kind: 'drop', function: 'core_user_create_users' })
    const one = student()
    await college.webhook('student', notification(one))
    await synced(one.id)
    expect(users(one['Student_ID'])).to.have.length(1)
  }).timeout(40_000)

  it('a refused student is corrected at once', async () => {
    // Moodle refuses what Wasl lets pass: a username that another person has.
    college.moodle.person.createUser(
      { username: 'taken.name', email: 'somebody@else.test', firstname: 'S', lastname: 'E' },
      'none',
    )
    const one = student({ Username: 'taken.name' })
    await college.webhook('student', notification(one))
    const failed = await until('Failed in Zoho', () => {
      const row = college.zoho.record('BTEC_Students', one.id)
      return row?.['Sync_Status'] === 'Failed' ? row : undefined
    })
    expect(failed['Sync_Error_Message']).to.contain('username')
    const answer = await college.webhook('student', notification({ ...one, Username: `free.name.${next}` }), {
      prefer: 'wait=10',
    })
    expect(answer.body).to.include({ outcome: 'UPDATED', action: 'created' })
    await synced(one.id)
  }).timeout(40_000)

  it('a class without a programme has no category: Zoho says so, and it is a course once it has one', async () => {
    const { person } = college.zoho
    const row = (module: string, id: string) => college.zoho.record(module, id) as Payload
    const tell = (module: string, id: string) =>
      college.call('POST', `/api/v1/sync/${module}?connector=zoho`, { data: [row(module, id)] })
    const klass = person.create('BTEC_Classes', { Name: 'Alone', Class_Name: 'Alone', Class_Code: 'ALONE' })
    await tell('BTEC_Classes', klass)
    await until('Failed in Zoho', () => row('BTEC_Classes', klass)['Sync_Status'] === 'Failed')
    expect(row('BTEC_Classes', klass)['Sync_Error_Message']).to.match(/^no programme is named/)
    const named = { Name: 'Law', Program_Name: 'Law', Program_Code: 'LAW' }
    person.update('BTEC_Classes', klass, { Program: { id: person.create('BTEC_Programs', named) } })
    await tell('BTEC_Classes', klass)
    await until('the course', () => row('BTEC_Classes', klass)['Moodle_Class_ID'])
    expect(row('BTEC_Classes', klass)).to.include({ Sync_Status: 'Synced' })

    // A college that reads Arabic is told in Arabic, whether Moodle would refuse a record or Wasl does.
    await college.engine.store.tenants.change('default', { language: 'ar' })
    await college.engine.tenants.refresh()
    const another = person.create('BTEC_Classes', { Name: 'Other', Class_Name: 'Other', Class_Code: 'OTHER' })
    const nobody = person.create('BTEC_Students', { Student_ID: 'STU-1', Full_Name: 'Sara Naser' })
    await tell('BTEC_Classes', another)
    await tell('BTEC_Students', nobody)
    const said = (module: string, id: string) =>
      until('Failed in Zoho', () => row(module, id)['Sync_Error_Message'])
    expect(await said('BTEC_Classes', another)).to.match(/^لا برنامج مذكور.*\(categoryid\)$/)
    expect(await said('BTEC_Students', nobody)).to.match(/^[\u0600-\u06ff].*\(email\)$/)
  }).timeout(30_000)

  it('W17: a store that takes no writes is a 503 that says when to come back', async () => {
    await college.engine.store.close()
    const answer = await college.webhook('student', notification({ id: '1', Full_Name: 'Nobody' }))
    expect(answer.status).to.equal(503)
    expect(answer.headers.get('retry-after')).to.match(/^\d+$/)
    expect(JSON.stringify(answer.body)).not.to.match(/mongo|at .*\.ts/i)
  })
})

describe('from Moodle to Zoho', () => {
  let college: College

  before(async () => {
    college = await openCollege()
  })

  after(() => college.close())

  it('a student who is made in Moodle becomes a student in Zoho, and is known as one from then on', async () => {
    const user = college.moodle.person.createUser(
      {
        username: 'huda.nasser',
        email: 'huda.nasser@college.test',
        firstname: 'هدى',
        lastname: 'ناصر',
        idnumber: 'STU-777',
        city: 'Zarqa',
        country: 'JO',
      },
      'student',
    )
    const row = await until('the Zoho student', () =>
      college.zoho.records('BTEC_Students').find(each => each['Student_Moodle_ID'] === String(user.id)),
    )
    expect(row).to.include({
      Full_Name: 'هدى ناصر',
      Academic_Email: 'huda.nasser@college.test',
      Student_ID: 'STU-777',
      Country: 'Jordan',
    })
    await college.quiet()
    expect(
      college.zoho
        .records('BTEC_Students')
        .filter(each => each['Academic_Email'] === 'huda.nasser@college.test'),
    ).to.have.length(1)
    const before = college.moodle.log.filter(call => call.function.includes('update')).length
    // Zoho's own workflow tells of the new record: it is an echo, and nothing goes back and forth.
    await college.quiet()
    const after = college.moodle.log.filter(call => call.function.includes('update')).length
    expect(after - before).to.be.at.most(1)
  })

  it('somebody without a role is nobody yet', async () => {
    college.moodle.person.createUser(
      { username: 'no.role', email: 'no.role@college.test', firstname: 'No', lastname: 'Role' },
      'none',
    )
    await college.quiet()
    const stored = await college.engine.store.db
      .collection('deliveries')
      .findOne({ 'events.reason': 'no_role_yet' })
    expect(stored).not.to.equal(null)
    expect(
      college.zoho.records('BTEC_Students').find(each => each['Academic_Email'] === 'no.role@college.test'),
    ).to.equal(undefined)
  })
})
