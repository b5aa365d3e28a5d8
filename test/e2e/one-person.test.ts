import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { type College, openCollege, until } from './college.ts'

describe('one person, known to both systems', () => {
  let college: College

  before(async () => {
    college = await openCollege({ echoes: true })
  })

  after(() => college.close())

  const user = (email: string) => [...college.moodle.site.users.all()].filter(each => each.email === email)
  const rows = (email: string) =>
    college.zoho.records('BTEC_Students').filter(each => each['Academic_Email'] === email)
  const records = () =>
    college.engine.store.db
      .collection('records')
      .find({ state: { $ne: 'merged' } })
      .toArray()

  it('is matched in Moodle by email, and linked', async () => {
    college.zoho.notify(null)
    const before = college.moodle.person.createUser(
      { username: 'aya', email: 'aya@college.test', firstname: 'Aya', lastname: 'Zaid' },
      'none',
    )
    await college.quiet()
    await college.restart()
    const id = college.zoho.person.create('BTEC_Students', {
      Student_ID: 'STU-AYA',
      Full_Name: 'Aya Zaid',
      Academic_Email: 'aya@college.test',
      Username: 'aya',
    })
    const row = await until('the link', () => {
      const now = college.zoho.record('BTEC_Students', id)
      return now?.['Sync_Status'] === 'Synced' ? now : undefined
    })
    expect(row['Student_Moodle_ID']).to.equal(String(before.id))
    expect(user('aya@college.test')).to.have.length(1)
  })

  it('is one, though both systems made her at once', async () => {
    for (let n = 0; n < 20; n++) {
      const email = `twice.${n}@college.test`
      college.zoho.person.create('BTEC_Students', {
        Student_ID: `STU-T${n}`,
        Full_Name: 'Rima Twice',
        Academic_Email: email,
        Username: `twice.${n}`,
      })
      college.moodle.person.createUser(
        { username: `twice.${n}`, email, firstname: 'Rima', lastname: 'Twice', idnumber: `STU-T${n}` },
        'student',
      )
    }
    await college.quiet()
    const odd: unknown[] = []
    for (let n = 0; n < 20; n++) {
      const email = `twice.${n}@college.test`
      const [row] = rows(email)
      const [one] = user(email)
      if (
        rows(email).length !== 1 ||
        user(email).length !== 1 ||
        row?.['Student_Moodle_ID'] !== String(one?.id)
      ) {
        odd.push({
          email,
          rows: rows(email).length,
          users: user(email).length,
          link: row?.['Student_Moodle_ID'] ?? null,
        })
      }
    }
    expect(odd).to.deep.equal([])
    const all = await records()
    expect(
      all
        .filter(each => each['state'] !== 'ok')
        .map(({ state, lastError, identities }) => ({ state, lastError, identities })),
    ).to.deep.equal([])
  }).timeout(40_000)

  it('is not merged with another by a mistyped Moodle id: both are named', async () => {
    const first = college.zoho.person.create('BTEC_Students', {
      Student_ID: 'STU-M1',
      Full_Name: 'Mona One',
      Academic_Email: 'mona.one@college.test',
    })
    const row = await until('the first', () => {
      const now = college.zoho.record('BTEC_Students', first)
      return now?.['Student_Moodle_ID'] ? now : undefined
    })
    const second = college.zoho.person.create('BTEC_Students', {
      Student_ID: 'STU-M2',
      Full_Name: 'Mona Two',
      Academic_Email: 'mona.two@college.test',
    })
    await college.quiet()
    const wrong = {
      id: second,
      Student_ID: 'STU-M2',
      Full_Name: 'Mona Two',
      Academic_Email: 'mona.two@college.test',
      Student_Moodle_ID: row['Student_Moodle_ID'] as string,
    } as Payload
    const { body } = await college.call('POST', '/api/v1/sync/students', {
      data: [{ ...wrong, Modified_Time: '2030-01-01T00:00:00+03:00' }],
    })
    const [result] = body['results'] as Payload[]
    expect(result?.['outcome']).to.equal('FAILED')
    expect(String(result?.['message'])).to.contain(first)
    expect(user('mona.one@college.test')[0]?.firstname).to.equal('Mona')
    expect(user('mona.one@college.test')[0]?.lastname).to.equal('One')
  })
})
