import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { type College, openCollege, until } from './college.ts'
import { terminalOf } from './terminal.ts'

describe('the operator at a terminal', function () {
  // A dozen commands one after the other, each of which opens the store: on a busy machine that takes its time.
  this.timeout(60_000)
  let college: College
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wasl-terminal-'))
    // An editor that writes what the test has laid ready, as a person would.
    const editor = `${process.execPath} ${join(folder, 'editor.mjs')}`
    await writeFile(
      join(folder, 'editor.mjs'),
      `import { copyFileSync, existsSync } from 'node:fs'
      const ready = ${JSON.stringify(join(folder, 'ready.json'))}
      if (existsSync(ready)) copyFileSync(ready, process.argv[2])`,
    )
    college = await openCollege({ announce: false, environment: { EDITOR: editor } })
  })

  after(async () => {
    await college.close()
    await rm(folder, { recursive: true })
  })

  const { wasl, json, refusal } = terminalOf(() => college)

  /** A student whom Zoho has too; her id there. */
  async function sync(fields: Payload): Promise<string> {
    const id = college.zoho.person.create('BTEC_Students', { Status: 'Active', ...fields })
    await college.call('POST', '/api/v1/sync/students', { data: [{ id, ...fields }] })
    return id
  }

  let nour: string

  it('sees a missing email among the dead letters, why, and who can mend it', async () => {
    nour = await sync({ Full_Name: 'Nour Aziz' })
    const { code, text } = await wasl('dead-letters')
    expect(code).to.equal(0)
    expect(text).to.match(
      /^ID +AGE +MODULE +STATE +CODE +WHY\n\S+-0 +\d+ s +student +invalid +REQUIRED +What/,
    )
    const { items } = await json('dead-letters list --code REQUIRED')
    const [letter] = items as Payload[]
    const shown = await wasl(`dead-letters show ${letter?.['id']}`)
    expect(shown.text).to.contain('→ Fill the field in the record and save it again. (the register’s office)')
    const arabic = await wasl(`dead-letters show ${letter?.['id']} --lang ar`)
    expect(arabic.text).to.contain('مكتب التسجيل')
  })

  it('asks why a record is where it is', async () => {
    const { text } = await wasl(`records show students ${nour}`)
    expect(text).to.contain('What was sent of it is not valid (email)')
    expect(text).to.match(/INVALID +\S+-0/)
    const list = await wasl('records list student --state invalid')
    expect(list.text).to.contain(`zoho/BTEC_Students:${nour}`)
    const found = await json(`records list student --q ${nour}`)
    expect(found['items']).to.have.length(1)
  })

  it('tries again, and gives up with a reason, by one or all together; the log has each', async () => {
    const { items } = await json('dead-letters')
    const id = String((items as Payload[])[0]?.['id'])
    expect((await wasl(`dead-letters retry --id ${id}`)).text).to.match(/^Done/)
    await college.quiet()
    expect((await json('dead-letters'))['items']).to.have.length(1)
    expect((await refusal('dead-letters discard --all --code REQUIRED')).message).to.match(/--reason/)
    const done = await wasl('dead-letters discard --all --code REQUIRED', '--reason', 'A test account.')
    expect(done.text).to.match(/^1 done, 0 left/)
    expect((await wasl('dead-letters')).text).to.equal('Nothing.')
    const log = await json('audit list')
    const actions = (log['items'] as Payload[]).map(({ action }) => action)
    expect(actions).to.deep.equal(['event.retry', 'dead-letters.discard', 'event.discard'])
  })

  it('replays an event, and is told when there is none', async () => {
    await sync({ Full_Name: 'Sami Aziz', Academic_Email: 'sami@college.test' })
    await college.quiet()
    const { items } = await json('events list --module student --state NEW')
    const id = String((items as Payload[])[0]?.['id'])
    expect((await wasl(`events show ${id}`)).text).to.match(/NEW\nreceived /)
    expect((await wasl(`events replay ${id}`)).text).to.match(/^Done/)
    await college.quiet()
    expect((await json(`events show ${id}`))['outcome']).to.equal('UNCHANGED')
    const error = await refusal('events show 000000000000000000000000-0')
    expect(error).to.include({ code: 'NOT_FOUND' })
  })

  it('pauses a remote, sees who waits there, and resumes it', async () => {
    await wasl('gates pause moodle', '--reason', 'Upgrade tonight.')
    await until('the engine knows', () => college.engine.delivery.gates.length === 1)
    await sync({ Full_Name: 'Hala Aziz', Academic_Email: 'hala@college.test' })
    await until('it stands there', async () => (await wasl('gates')).text.includes('when resumed  1 '))
    expect((await wasl('retries')).text).to.contain('which a person has paused')

    const givenUp = ['a@college.test', 'b@college.test']
    for (const email of givenUp) await sync({ Full_Name: 'Given Up', Academic_Email: email })
    await until('they stand there', async () => (await wasl('gates')).text.includes('when resumed  3 '))
    const [, byTerminal, byHttp] = (await json('retries list --because paused'))['items'] as { id: string }[]
    expect((await refusal(`retries discard --id ${byTerminal?.id}`)).message).to.match(/--reason/)
    expect((await wasl(`retries discard --id ${byTerminal?.id}`, '--reason', 'Left.')).code).to.equal(0)
    const path = `/api/v1/retries/${byHttp?.id}/discard`
    expect((await college.call('POST', path, { reason: 'Left.' })).status).to.equal(200)
    expect((await college.call('POST', path, { reason: 'Left.' })).status).to.equal(409)

    await wasl('gates resume moodle')
    await until('it is sent', async () => (await wasl('retries')).text === 'Nothing.')
    await college.quiet()
    const emails = [...college.moodle.site.users.all()].map(({ email }) => email)
    expect(emails).to.include('hala@college.test').and.not.include.members(givenUp)
  })

  it('makes a key that works at once, shows it once, and revokes it', async () => {
    const made = await json('keys create --scope read --days 30')
    const headers = { authorization: `Bearer ${made['key']}` }
    expect((await college.call('GET', '/api/v1/retries', undefined, headers)).status).to.equal(200)
    const refused = await college.call('POST', '/api/v1/retries/retry', {}, headers)
    expect([refused.status, refused.body['code']]).to.deep.equal([403, 'SCOPE_MISSING'])
    const secret = String(made['key']).split('_')[2] as string
    expect((await wasl('keys list')).text)
      .to.contain(String(made['id']))
      .and.not.to.contain(secret)
    const next = await json(`keys rotate ${made['id']} --hours 1`)
    expect(next['scopes']).to.deep.equal(['read'])
    expect((await refusal('keys rotate nobody')).message).to.match(/There is no key/)
    await wasl(`keys revoke ${next['id']}`)
    await wasl(`keys revoke ${made['id']}`)
    expect((await wasl('keys list')).text).not.to.contain(String(made['id']))
    expect((await refusal('keys create --scope everything')).message).to.match(/There is no scope/)
  })

  it('switches a module off and on, and rotates a signing secret', async () => {
    expect(await json('modules off student')).to.deep.equal({ module: 'student', enabled: false })
    expect(await json('modules on student')).to.deep.equal({ module: 'student', enabled: true })
    expect((await refusal('modules off nothing')).message).to.match(/no running module/)
    const { id, secret } = college.engine.credentials.endpoints['zoho']!
    expect((await json(`tenants rotate ${id}`))['secret'])
      .to.be.a('string')
      .and.not.equal(secret)
  })

  it('orders a sweep of a module, and sees how it ended', async () => {
    expect(await json('modules interval student 3600')).to.deep.equal({ module: 'student', interval: 3600 })
    expect((await refusal('modules interval student 5')).message).to.match(/from 60 to/)
    const [sync] = (await json('modules sync student'))['items'] as { id: string }[]
    college.engine.delivery.ringSync()
    await until('the sweep is over', async () =>
      /completed/.test((await wasl('modules history student')).text),
    )
    expect((await wasl('modules')).text).to.match(/every 3600 s, last 20/)
    expect((await refusal(`modules cancel ${sync?.id}`)).message).to.match(/at its goal/)
    expect((await refusal(`modules retry ${sync?.id}`)).message).to.match(/come to its end/)
  })

  it('makes a college, whose key and secrets are shown once', async () => {
    const words = ['--name', 'Third College', '--timezone', 'Asia/Amman', '--org', 'zoho=60003'] as const
    const made = await json('tenants create third', ...words)
    expect(made).to.deep.include({ id: 'third', name: 'Third College', organisations: { zoho: '60003' } })
    const { key } = made['key'] as { key: string }
    const own = await college.call('GET', '/v1/extension/tenants/third', undefined, {
      authorization: `Bearer ${key}`,
    })
    expect([own.status, own.body['zohoOrgId']]).to.deep.equal([200, '60003'])
    expect((await refusal('tenants create third', '--name', 'Again')).message).to.match(/already/)
    expect((await refusal('tenants create ../x', '--name', 'X')).message).to.match(/small letters/)
    expect((await refusal('tenants create x2', '--name', 'X', '--timezone', 'No')).message).to.match(
      /no time zone/,
    )
    expect((await refusal('tenants create x2', '--name', 'X', '--org', 'nobody=1')).message).to.match(
      /connectors are/,
    )
  })

  it('lists colleges and modules', async () => {
    expect((await wasl('tenants')).text).to.match(/default +default/)
    expect((await wasl('modules')).text).to.match(/student +1 +\S.*ok 4/)
  })

  it('tries a mapping on real events, saves it, and goes back', async () => {
    const file = join(folder, 'student.json')
    const write = (field: string) =>
      writeFile(file, JSON.stringify({ read: { 'zoho/BTEC_Students': { [field]: { from: ['Nickname'] } } } }))
    await write('fullnam')
    const wrong = await wasl(`mappings save student ${file}`, '--reason', 'A typo.')
    expect([wrong.code, wrong.text]).to.satisfy(() => wrong.code === 1 && wrong.text.includes('fullName'))
    await write('fullName')
    const preview = await wasl(`mappings preview student ${file}`)
    expect(preview.text).to.match(/^\d+ events were run through both: [1-9]\d* would differ/)
    expect(preview.text).to.match(/fullName: "Sami Aziz" → "Unknown"/)
    const saved = await wasl(`mappings save student ${file}`, '--reason', 'Nicknames.')
    expect(saved.text).to.match(/^Saved as version 2/)
    expect((await wasl('mappings')).text).to.match(/student +2 +fullName.* +Nicknames\./)
    await write('phone')
    await wasl(`mappings save student ${file}`, '--reason', 'Only the phone.')
    expect((await wasl('mappings rollback student 2', '--reason', 'Back.')).text).to.match(/version 4/)
    expect((await wasl('mappings versions student')).text).to.match(/^VERSION.*\n4 .*Back\.\n3 .*\n2 /)
    const compared = await wasl('mappings compare student 2 3')
    expect(compared.text)
      .to.match(/version 2 → 3, 2 lines differ/)
      .and.to.match(/fullName/)
    expect((await refusal('mappings compare student 2 9')).message).to.match(/no version/)
    expect((await wasl('mappings show student')).text).to.match(/fullName +mapping/)
  })

  it('edits a mapping in an editor: with findings it keeps the draft, else it shows what differs and saves', async () => {
    const ready = (mapping: unknown) => writeFile(join(folder, 'ready.json'), JSON.stringify(mapping))
    const edit = () => wasl('mappings edit Students', '--reason', 'By hand.')
    expect((await refusal('mappings edit student')).message).to.match(/--reason/)
    await rm(join(folder, 'ready.json'), { force: true })
    expect((await edit()).text).to.equal('Nothing was changed.')
    await ready({ module: 'student', read: { 'zoho/BTEC_Students': { fullnam: 'Nickname' } } })
    const wrong = await edit()
    expect(wrong.code).to.equal(1)
    expect(wrong.text).to.contain('fullName')
    const [, draft = ''] = /wasl mappings save student (\S+) --reason/.exec(wrong.text) ?? []
    expect(await readFile(draft, 'utf8')).to.contain('fullnam')
    await rm(dirname(draft), { recursive: true })
    await writeFile(join(folder, 'ready.json'), '{ "read": ')
    const half = (await refusal('mappings edit student', '--reason', 'Half.')) as Error & { at: string }
    expect(half).to.include({ code: 'JSON_SYNTAX' })
    await rm(dirname(half.at), { recursive: true })
    const before = await json('mappings show student')
    await ready({ module: 'student', read: { 'zoho/BTEC_Students': { phone: 'Mobile_Number' } } })
    const saved = await edit()
    expect(saved.text).to.match(/^\d+ events were run through both: \d+ would differ\.\n/)
    expect(saved.text).to.contain(`Saved as version ${Number(before['version']) + 1}`)
    const { mapping } = await json('mappings show student')
    expect(mapping).to.deep.equal({
      module: 'student',
      read: { 'zoho/BTEC_Students': { phone: 'Mobile_Number' } },
    })
    expect(await refusal('mappings edit nothing', '--reason', 'None.'))
      .to.have.property('message')
      .that.matches(/no running/)
  })

  it('replays what came in a window, of one module, by any of its names', async () => {
    const { items } = await json('events list --module students --limit 200')
    const times = (items as Payload[]).map(event => Date.parse(String(event['receivedAt'])))
    const iso = (ms: number) => new Date(ms).toISOString()
    const window = `--from ${iso(Math.min(...times))} --to ${iso(Math.max(...times) + 1000)}`
    const done = await wasl(`events replay-window ${window} --module BTEC_Students`)
    expect(done.text).to.match(/^[1-9]\d* done, \d+ left as they are \(job [0-9a-f]{24}: done\)/)
    await college.quiet()
    const job = await json(`events replay-window ${window} --module grade`)
    expect(job).to.include({ what: 'events.replay', state: 'done', done: 0 })
    expect((await refusal('events replay-window --from today --to tomorrow')).message).to.match(/--from/)
    expect((await refusal(`events replay-window --from ${iso(2)} --to ${iso(1)}`)).message).to.match(
      /later --to/,
    )
    expect((await refusal(`events replay-window ${window} --module nothing`)).message).to.match(/no running/)
  })

  it('pauses a module and the whole college, sees why a record waits, and resumes them', async () => {
    const paused = async (pause: string, resume: string, name: string, id: string, because: RegExp) => {
      expect((await refusal(pause)).message).to.match(/--reason/)
      expect((await wasl(pause, '--reason', 'Holidays.')).text).to.match(/^Nothing of .* is sent any more/)
      await until('the engine knows', () => college.engine.delivery.gates.length === 1)
      expect((await wasl('gates')).text).to.match(/ paused .* when resumed .*Holidays\./)
      await sync({ Full_Name: name, Academic_Email: `${id}@college.test`, Student_ID: id })
      await until('it stands there', async () => {
        const { body } = await college.call('GET', '/api/v1/retries')
        return (body['items'] as Payload[]).length === 1
      })
      expect((await wasl('retries')).text).to.match(because)
      expect((await wasl(resume)).text).to.match(/^Done/)
      await until('it is open, and forgotten', () => college.engine.delivery.gates.length === 0)
      await college.quiet()
      expect((await wasl('retries')).text).to.equal('Nothing.')
      expect((await refusal(resume)).message).to.match(/There is no pause/)
    }
    const module = ['modules pause students', 'modules resume BTEC_Students'] as const
    await paused(...module, 'Dana Aziz', 'dana', /paused the module student/)
    await paused('tenants pause', 'tenants resume', 'Rula Aziz', 'rula', /paused the whole college/)
  })

  it('A11: verifies the audit log, and is told the first row that somebody changed', async () => {
    const { code, text } = await wasl('audit verify')
    expect([code, text]).to.satisfy(() => code === 0 && /^All \d+ rows are as they were written/.test(text))
    const { head } = await json('audit verify')
    const rows = college.engine.store.db.collection('audit')
    await rows.updateOne({ number: 2 }, { $set: { by: 'terminal:nobody' } })
    const broken = await wasl('audit verify')
    expect([broken.code, broken.text]).to.deep.equal([
      1,
      'Row 2 is not as it was written: it was changed after it was written.',
    ])
    await rows.updateOne({ number: 2 }, { $set: { by: String((await rows.findOne({ number: 1 }))?.['by']) } })
    expect((await wasl('audit verify')).code).to.equal(0)
    const last = await rows.find().sort({ number: -1 }).limit(1).toArray()
    await rows.deleteOne({ number: last[0]?.['number'] })
    expect((await wasl('audit verify')).code).to.equal(0)
    expect((await wasl(`audit verify --head ${head}`)).code).to.equal(1)
    const [two, three] = await Promise.all([2, 3].map(number => rows.findOne({ number })))
    const swap = (
      number: number,
      { number: _, _id, ...content }: object & { number?: number; _id?: unknown },
    ) => rows.updateOne({ number }, { $set: content })
    await swap(2, three ?? {})
    await swap(3, two ?? {})
    expect((await wasl('audit verify')).text).to.match(/^Row 2 is not as it was written/)
    await swap(2, two ?? {})
    await swap(3, three ?? {})
    expect((await wasl('audit verify')).code).to.equal(0)
    await rows.deleteOne({ number: 3 })
    expect((await wasl('audit verify')).text).to.match(/^Row 3 .*row 3 is missing/)
  })

  it('D04: lets no text from outside steer the terminal', async () => {
    // No name: the mapping that was saved above may read it from elsewhere by now.
    const city = 'Nour\u001b[31m\u202emoc.live'
    const id = await sync({ Full_Name: 'Rami', City: city, Academic_Email: 'rami@college.test' })
    const { text } = await wasl(`records show student ${id}`)
    expect(text)
      .to.contain('Nour')
      .and.not.to.match(/\p{Cf}|(?!\n)\p{Cc}/u)
  })

  it('says what it takes where the line is wrong', async () => {
    expect((await refusal('records list')).message).to.match(/Usage: wasl records list <module>/)
    expect((await refusal('events nonsense')).message).to.match(/There is no "wasl events nonsense"/)
    expect((await refusal('events list --limit 1000000000')).message).to.match(/1 to 200/)
    expect(await refusal('events list --tenant nobody')).to.include({ code: 'TENANT_UNKNOWN' })
  })
})
