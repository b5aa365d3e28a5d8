import { expect } from 'chai'
import { type College, openCollege, until } from './college.ts'

describe('a student, end to end', () => {
  let college: College

  before(async () => {
    college = await openCollege()
  })

  after(() => college.close())

  it('goes from Zoho to Moodle, and Zoho is told', async () => {
    const id = college.zoho.person.create('BTEC_Students', {
      Student_ID: 'STU-100',
      Full_Name: 'ليلى حداد',
      Academic_Email: 'layla.haddad@college.test',
      Phone_Number: '+962 79 000 0100',
      City: 'Amman',
      Country: 'Jordan',
      Status: 'Active',
    })
    const user = await until('the Moodle user', () =>
      [...college.moodle.site.users.all()].find(each => each.idnumber === 'STU-100'),
    )
    expect(user).to.include({
      email: 'layla.haddad@college.test',
      username: 'layla.haddad',
      firstname: 'ليلى',
      lastname: 'حداد',
      country: 'JO',
      suspended: 0,
    })
    const record = await until('the write-back', () => {
      const row = college.zoho.record('BTEC_Students', id)
      return row?.['Sync_Status'] === 'Synced' ? row : undefined
    })
    expect(record['Student_Moodle_ID']).to.equal(String(user.id))
    await college.quiet()
  })
})
