import { expect } from 'chai'
import { connect, never } from './connected.ts'

describe("the Moodle connector's check", () => {
  it('names the functions that the service lacks', async () => {
    const { connection, sandbox, stop } = await connect()
    try {
      sandbox.site.unlisted.add('core_group_create_groups')
      const wrong = (await connection.check(never)).filter(({ ok }) => !ok)
      expect(wrong.map(({ name }) => name)).to.deep.equal(['groups'])
      expect(wrong[0]!.message).to.include('core_group_create_groups')
      expect(wrong[0]!.hint).to.be.a('string')
    } finally {
      await stop()
    }
  })

  const capabilities: readonly (readonly [string, string])[] = [
    ['moodle/user:create', 'capabilities'],
    ['moodle/user:update', 'capabilities'],
    ['moodle/course:create', 'capabilities'],
    ['moodle/course:update', 'capabilities'],
    ['moodle/category:manage', 'capabilities'],
    ['enrol/manual:enrol', 'capabilities'],
    ['moodle/role:assign', 'capabilities'],
    ['moodle/course:enrolreview', 'capabilities'],
    ['moodle/course:managegroups', 'capabilities'],
    ['moodle/cohort:manage', 'capabilities'],
    ['local/moodle_zoho_sync:viewgrades', 'capabilities'],
    ['moodle/user:viewdetails', 'sight of users'],
    ['moodle/site:viewuseridentity', 'sight of users'],
  ]
  it('names every capability that the account lacks, and changes nothing to find out', async () => {
    const college = { users: [{ email: 'a@college.example' }] }
    const { connection, sandbox, stop } = await connect({ college })
    try {
      const { site } = sandbox
      site.cohorts.insert({ name: 'C', idnumber: 'C', description: '', visible: 1 })
      const rows = () =>
        JSON.stringify(
          [site.users, site.courses, site.categories, site.enrolments, site.cohorts, site.groups].map(
            table => [...table.all()],
          ),
        )
      const before = rows()
      expect((await connection.check(never)).filter(({ ok }) => !ok)).to.deep.equal([])
      for (const [capability, name] of capabilities) {
        site.withheld.add(capability)
        const wrong = (await connection.check(never)).filter(({ ok }) => !ok)
        site.withheld.delete(capability)
        expect(
          wrong.map(each => each.name),
          capability,
        ).to.deep.equal([name])
        expect(wrong[0]!.message).to.include(capability)
      }
      expect(rows()).to.equal(before)
    } finally {
      await stop()
    }
  })
})
