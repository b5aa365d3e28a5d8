import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { type College, openCollege, until } from './college.ts'
import { terminalOf } from './terminal.ts'

/** What `operations.test.ts` does by HTTP, by somebody who has a terminal only. */
describe('an operator’s session at a terminal', function () {
  this.timeout(90_000)
  let college: College
  let folder: string
  const { wasl, json } = terminalOf(() => college)

  before(async () => {
    college = await openCollege({ announce: false })
    folder = await mkdtemp(join(tmpdir(), 'wasl-session-'))
  })

  after(async () => {
    await college.close()
    await rm(folder, { recursive: true })
  })

  let next = 8000
  /** A student whom Zoho has; `changes` are laid over what it sends. */
  function student(changes: Payload = {}): Payload & { id: string } {
    next += 1
    const fields: Payload = {
      Student_ID: `STU-${next}`,
      Full_Name: 'Rana Khalil',
      Academic_Email: `rana.${next}@college.test`,
      Status: 'Active',
    }
    return { id: college.zoho.person.create('BTEC_Students', fields), ...fields, ...changes }
  }

  async function file(name: string, content: unknown): Promise<string> {
    await writeFile(join(folder, name), JSON.stringify(content))
    return join(folder, name)
  }

  const missingInMoodle = (rows: readonly Payload[]) => {
    const here = new Set([...college.moodle.site.users.all()].map(({ idnumber }) => idnumber))
    return rows.filter(row => !here.has(String(row['Student_ID']))).length
  }
  const first = (page: Readonly<Record<string, unknown>>) => (page['items'] as Payload[])[0] ?? {}

  it('sees 300 students wait for a Moodle that is down, and all of them done when it is back', async () => {
    college.moodle.faults.add({ kind: 'maintenance', times: 1_000_000 })
    const rows = Array.from({ length: 300 }, () => student())
    const imported = await wasl('import students', await file('students.json', rows), '--connector', 'zoho')
    expect(imported).to.include({ code: 0 })
    expect(imported.text).to.match(/^300 records: 300 new/m)

    await until('all stand at the gate', async () => {
      const { body } = await college.call('GET', '/api/v1/gates')
      return first(body)['records'] === 300
    })
    expect((await wasl('gates')).text).to.match(/moodle +outage .* 300 /)
    const page = await wasl('retries list --because outage --limit 200')
    expect(page.text.match(/ gated +MOODLE_MAINTENANCE +It stands at the gate of moodle/g)).to.have.length(
      200,
    )
    const [, cursor = ''] = /^There is more: --cursor (\S+)$/m.exec(page.text) ?? []
    const rest = await wasl(`retries list --because outage --limit 200 --cursor ${cursor}`)
    expect(rest.text.match(/ gated /g)).to.have.length(100)
    const { id } = first(await json('retries list --limit 1'))
    expect((await wasl(`retries show ${id}`)).text)
      .to.contain('It stands at the gate of moodle')
      .and.to.match(/^→ .+\(.+\)$/m)
    expect((await wasl(`records show student ${rows[7]?.id}`)).text).to.contain('at the gate of moodle')

    college.moodle.faults.clear()
    await wasl('gates resume moodle')
    await until('Moodle is open again', async () => {
      const { body } = await college.call('GET', '/api/v1/gates')
      return first(body)['opening'] !== false
    })
    expect((await wasl('retries retry --all --module students')).text).to.match(/^\d+ done, \d+ left/)
    await college.quiet(60_000)
    expect((await wasl('retries')).text).to.equal('Nothing.')
    expect(missingInMoodle(rows)).to.equal(0)
    expect((await wasl('accounting')).code).to.equal(0)
  })

  it('finds five with a bad email, corrects the mapping, and tries them again together', async () => {
    const rows = Array.from({ length: 5 }, () => {
      const good = student()
      return { ...good, Academic_Email: 'unknown', Personal_Mail: String(good['Academic_Email']) }
    })
    const imported = await wasl('import students', await file('bad.json', rows), '--connector', 'zoho')
    expect(imported.code).to.equal(1)
    expect(imported.text).to.match(/^5 records: 5 invalid/m)
    const letters = await wasl('dead-letters list --module student --state invalid')
    expect(
      letters.text.match(/ invalid +[A-Z_]+ +What was sent of it is not valid \(email\)/g),
    ).to.have.length(5)
    const { id, code } = first(await json('dead-letters')) as { id: string; code: string }
    expect((await wasl(`dead-letters show ${id}`)).text).to.match(/^→ .+\(the register’s office\)$/m)
    expect((await wasl(`records show student ${rows[0]?.id}`)).text).to.contain('is not valid (email)')

    const mapping = await file('mapping.json', {
      read: { 'zoho/BTEC_Students': { email: { from: ['Personal_Mail', 'Academic_Email'] } } },
    })
    const preview = await wasl('mappings preview student', mapping)
    expect(preview.text).to.match(/: 5 would differ\. Nothing was written\./)
    expect(preview.text.match(/ INVALID → NEW$/gm)).to.have.length(5)
    const saved = await wasl('mappings save student', mapping, '--reason', 'Private addresses count.')
    expect(saved.text).to.match(/^Saved as version 2/)
    // It would by itself, within five seconds.
    await college.engine.tenants.refresh()
    expect((await wasl(`dead-letters retry --all --code ${code}`)).text).to.match(/^5 done, 0 left/)
    await college.quiet()
    expect((await wasl('dead-letters')).text).to.equal('Nothing.')
    expect(missingInMoodle(rows)).to.equal(0)
  })
})
