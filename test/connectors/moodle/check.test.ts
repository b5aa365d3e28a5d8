import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { LACKS, needs } from '../../../connectors/moodle/needs.ts'
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

  const capabilities = Object.values(needs).flatMap(need => need.capabilities)
  /** Those that can be found out by trying, where the plugin's function is not in the service. */
  const tried: ReadonlySet<string> = new Set([
    'moodle/user:create',
    'moodle/user:update',
    'moodle/course:create',
    'moodle/course:update',
    'moodle/category:manage',
    'enrol/manual:enrol',
    'moodle/role:assign',
    'moodle/course:enrolreview',
    'moodle/course:managegroups',
    'moodle/cohort:manage',
    'local/moodle_zoho_sync:viewgrades',
    'moodle/user:viewdetails',
    'moodle/site:viewuseridentity',
  ])
  for (const [how, unlisted] of [
    ['by the plugin', []],
    ['by trying, without the plugin', [LACKS]],
  ] as const)
    it(`names the capabilities that the account lacks ${how}, and changes nothing to find out`, async () => {
      const college = { users: [{ email: 'a@college.example' }] }
      const { connection, sandbox, stop } = await connect({ college })
      try {
        const { site } = sandbox
        for (const name of unlisted) site.unlisted.add(name)
        site.cohorts.insert({ name: 'C', idnumber: 'C', description: '', visible: 1 })
        const rows = () =>
          JSON.stringify(
            [site.users, site.courses, site.categories, site.enrolments, site.cohorts, site.groups].map(
              table => [...table.all()],
            ),
          )
        const before = rows()
        const wrong = async () =>
          (await connection.check(never)).filter(({ ok, name }) => !ok && name !== 'everything')
        expect(await wrong()).to.deep.equal([])
        for (const capability of capabilities) {
          if (unlisted.length > 0 && !tried.has(capability)) continue
          site.withheld.add(capability)
          const said = await wrong()
          site.withheld.delete(capability)
          expect(said.map(({ message }) => message).join(), capability).to.include(capability)
        }
        expect(rows()).to.equal(before)
      } finally {
        await stop()
      }
    })

  it('needs what the README lists, ready to paste', () => {
    const readme = readFileSync(new URL('../../../connectors/moodle/README.md', import.meta.url), 'utf8')
    const ticked = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name)
    for (const [what, { functions, capabilities: some }] of Object.entries(needs)) {
      const row = readme.split('\n').find(line => line.startsWith(`| ${what} `) && /_[gs]et_/.test(line))
      const [, , first = '', second = ''] = row?.split('|') ?? []
      expect([ticked(first), ticked(second)], what).to.deep.equal([functions, some])
    }
  })
})
