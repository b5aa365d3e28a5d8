import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { type MoodleSandbox, startMoodleSandbox } from '../../../connectors/moodle/sandbox/index.ts'

interface Exchange {
  readonly title: string
  readonly name: string
  readonly parameters: readonly (readonly [string, string])[]
  readonly answer: string
}

/** Requests and answers of a real Moodle, in order. */
const transcript = (file: string): readonly Exchange[] =>
  readFileSync(join(import.meta.dirname, 'transcripts', file), 'utf8')
    .split('\n\n')
    .slice(1)
    .filter(block => block.trim() !== '')
    .map(block => {
      const lines = block.split('\n')
      const title = lines[0]!.startsWith('--- ') ? lines.shift()!.slice(4) : ''
      const [, name = '', values = ''] = /^POST (\S+) *(.*)$/.exec(lines.shift()!)!
      const parameters = values
        .split(/ (?=[a-z]\w*(?:\[\w+\])*=)/)
        .filter(value => value !== '')
        .map(value => [value.slice(0, value.indexOf('=')), value.slice(value.indexOf('=') + 1)] as const)
      return { title: title || name, name, parameters, answer: lines.join('\n').trimEnd() }
    })

const send = async (
  { url, token }: MoodleSandbox,
  name: string,
  parameters: readonly (readonly [string, string])[],
): Promise<string> => {
  const form = new URLSearchParams([
    ['wstoken', token],
    ['wsfunction', name],
    ['moodlewsrestformat', 'json'],
    ...parameters.map(([field, value]): [string, string] => [field, value]),
  ])
  const response = await fetch(`${url}/webservice/rest/server.php`, { method: 'POST', body: form })
  return response.text()
}

/** Capabilities that the account lacked when the titles of the transcript say so. */
const lacking = [
  'moodle/user:create',
  'moodle/course:create',
  'enrol/manual:enrol',
  'moodle/category:manage',
  'moodle/course:managegroups',
  'moodle/user:viewdetails',
  'moodle/course:update',
]

describe('the Moodle sandbox answers as the real Moodle did, byte for byte', () => {
  let sandbox: MoodleSandbox

  /** The lab as it was before the first transcript: a category, a course, a student with id 5. */
  before(async () => {
    sandbox = await startMoodleSandbox({
      wwwroot: 'http://127.0.0.1:8080',
      themerev: 1_795_354_127,
      now: () => 1_795_354_151_000,
    })
    sandbox.site.withheld.add('moodle/site:viewuseridentity')
    expect(
      await send(sandbox, 'core_course_create_categories', [
        ['categories[0][name]', 'Business'],
        ['categories[0][idnumber]', 'CAT-BUS'],
      ]),
    ).to.equal('[{"id":2,"name":"Business"}]')
    expect(
      await send(sandbox, 'core_course_create_courses', [
        ['courses[0][fullname]', 'BTEC L3 Business Unit 1'],
        ['courses[0][shortname]', 'BUS-U1'],
        ['courses[0][categoryid]', '2'],
        ['courses[0][idnumber]', 'ZC-1001'],
        ['courses[0][startdate]', '1793491200'],
        ['courses[0][enddate]', '1825027200'],
      ]),
    ).to.equal('[{"id":2,"shortname":"BUS-U1"}]')
    expect(
      await send(sandbox, 'core_user_create_users', [
        ['users[0][username]', 's.probe'],
        ['users[0][createpassword]', '1'],
        ['users[0][firstname]', 'Probe'],
        ['users[0][lastname]', 'Student'],
        ['users[0][email]', 's.probe@college.test'],
        ['users[0][idnumber]', 'ZC-STU-1'],
      ]),
    ).to.equal('[{"id":5,"username":"s.probe"}]')
  })
  after(() => sandbox.stop())

  describe('calls that go well', () => {
    for (const { title, name, parameters, answer } of transcript('success.txt'))
      it(title, async () => expect(await send(sandbox, name, parameters)).to.equal(answer))
  })

  describe('errors with debugging on', () => {
    before(() => {
      sandbox.site.debug = true
    })
    for (const { title, name, parameters, answer } of transcript('errors.txt'))
      it(title, async () => {
        if (title === 'invalid token') sandbox.faults.add({ kind: 'invalid-token' })
        if (title.startsWith('missing capability'))
          for (const capability of lacking) sandbox.site.withheld.add(capability)
        expect(await send(sandbox, name, parameters)).to.equal(answer)
      })
    after(() => {
      sandbox.site.debug = false
      for (const capability of lacking) sandbox.site.withheld.delete(capability)
    })
  })

  describe('errors with debugging on and displayed', () => {
    before(() => {
      Object.assign(sandbox.site, { debug: true, debugDisplay: true })
    })
    for (const { title, name, parameters, answer } of transcript('displayed.txt'))
      it(title, async () => expect(await send(sandbox, name, parameters)).to.equal(answer))
    after(() => {
      Object.assign(sandbox.site, { debug: false, debugDisplay: false })
    })
  })

  describe('errors in production', () => {
    for (const { title, name, parameters, answer } of transcript('production.txt'))
      it(title, async () => {
        if (title === 'invalid token') sandbox.faults.add({ kind: 'invalid-token' })
        if (title.startsWith('maintenance')) sandbox.faults.add({ kind: 'site-maintenance' })
        if (title === 'missing capability') sandbox.site.withheld.add('moodle/user:create')
        expect(await send(sandbox, name, parameters)).to.equal(answer)
        sandbox.site.withheld.delete('moodle/user:create')
      })
  })

  describe('once the account may see identities', () => {
    before(() => {
      sandbox.site.withheld.delete('moodle/site:viewuseridentity')
    })
    for (const { title, name, parameters, answer } of transcript('identity.txt'))
      it(title, async () => {
        const got = await send(sandbox, name, parameters)
        expect(got.replaceAll('1795354127', '1795354309')).to.equal(answer)
      })
  })

  describe('grades, by the functions of our plugin', () => {
    before(() => {
      const { site, person } = sandbox
      const people = [
        { id: 1014, username: 'lab.student', firstname: 'منى', lastname: 'Haddad', idnumber: 'STU-L1' },
        { id: 1015, username: 'lab.teacher', firstname: 'Sara', lastname: 'Khalil' },
      ]
      for (const { id, ...fields } of people) {
        const made = person.createUser({ ...fields, email: `${fields.username}@college.test` })
        site.users.insert({ ...made, id })
      }
      const course = person.createCourse({ fullname: 'Lab Unit 1', shortname: 'LAB1' })
      site.courses.insert({ ...course, id: 496 })
      const own = { userid: '1014', courseid: '496' }
      const same = { ...own, timemodified: 1_795_859_443 }
      const criterion = (code: string, description: string, score: number, feedback: string) => ({
        code,
        description,
        score,
        feedback,
      })
      const assignment = {
        ...same,
        itemid: '480',
        itemtype: 'mod',
        assignment: { id: '1', cmid: '495', name: 'A1 Marketing' },
        gradetype: 2,
        grademin: 1,
        grademax: 4,
        finalgrade: 3,
        feedback: '<p>Good work</p>',
        learning_outcomes: [
          criterion('P1', 'Explain', 1, 'Met'),
          criterion('P2', 'Describe', 1, 'Met too'),
          criterion('M1', 'Assess', 1, 'نعم'),
          criterion('D1', 'Evaluate', 0, 'Not yet'),
        ],
        scale: ['Refer', 'Pass', 'Merit', 'Distinction'],
        scale_label: 'Merit',
        grader: { id: '1015', username: 'lab.teacher', name: 'Sara Khalil' },
        grader_role: 'teacher',
      }
      const talk = {
        ...same,
        itemid: '481',
        itemname: 'Talk',
        itemtype: 'manual',
        gradetype: 1,
        grademin: 0,
        grademax: 100,
        finalgrade: 88,
        grader: { id: '2', username: 'admin', name: 'Admin User' },
      }
      site.grades.insert({ id: 1, pair: '1014_1', ...own, payload: assignment })
      site.grades.insert({ id: 3, pair: '1014_i481', ...own, payload: talk })
    })
    for (const { title, name, parameters, answer } of transcript('grades.txt'))
      it(title, async () => expect(await send(sandbox, name, parameters)).to.equal(answer))
  })

  describe('later transcripts', () => {
    it('a second deletion of one user', async () => {
      sandbox.site.debug = true
      expect(await send(sandbox, 'core_user_delete_users', [['userids[0]', '6']])).to.equal('null')
      expect(await send(sandbox, 'core_user_delete_users', [['userids[0]', '6']])).to.equal(
        String.raw`{"exception":"dml_missing_record_exception","errorcode":"invaliduser","message":"Invalid user","debuginfo":"SELECT * FROM {user} WHERE id = ? AND deleted = ?\n[array (\n  0 => 6,\n  1 => 0,\n)]"}`,
      )
      sandbox.site.debug = false
    })

    it('a program error inside Moodle', async () => {
      sandbox.faults.add({ kind: 'program-error' })
      expect(await send(sandbox, 'core_user_update_users', [['users[0][id]', '5']])).to.equal(
        '{"exception":"TypeError","message":"observer bug (Error)"}',
      )
    })

    it('a token that has expired: first refused access, then no token', async () => {
      sandbox.faults.add({ kind: 'expired-token' })
      sandbox.faults.add({ kind: 'invalid-token' })
      expect(await send(sandbox, 'core_webservice_get_site_info', [])).to.equal(
        '{"exception":"webservice_access_exception","errorcode":"accessexception","message":"Access control exception"}',
      )
      expect(await send(sandbox, 'core_webservice_get_site_info', [])).to.equal(
        String.raw`{"exception":"core\\exception\\moodle_exception","errorcode":"invalidtoken","message":"Invalid token - token not found"}`,
      )
    })
  })

  describe('what is no form', () => {
    const path = '/webservice/rest/server.php'

    it('a wrong token without a format is answered in XML', async () => {
      const response = await fetch(`${sandbox.url}${path}`, {
        method: 'POST',
        body: new URLSearchParams({ wstoken: 'x', wsfunction: 'core_webservice_get_site_info' }),
      })
      expect(response.headers.get('content-type')).to.equal('application/xml; charset=utf-8')
      expect(await response.text()).to.equal(
        [
          '<?xml version="1.0" encoding="UTF-8" ?>',
          '<EXCEPTION class="core\\exception\\moodle_exception">',
          '<ERRORCODE>invalidtoken</ERRORCODE>',
          '<MESSAGE>Invalid token - token not found</MESSAGE>',
          '</EXCEPTION>',
          '',
        ].join('\n'),
      )
    })

    it('a body of JSON is not read', async () => {
      sandbox.site.debug = true
      const query = new URLSearchParams({
        wstoken: sandbox.token,
        wsfunction: 'core_user_get_users_by_field',
        moodlewsrestformat: 'json',
      })
      const response = await fetch(`${sandbox.url}${path}?${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ field: 'id', values: ['5'] }),
      })
      expect(await response.text()).to.equal(
        String.raw`{"exception":"core\\exception\\invalid_parameter_exception","errorcode":"invalidparameter","message":"Invalid parameter value detected","debuginfo":"Missing required key in single structure: field"}`,
      )
      sandbox.site.debug = false
    })

    it('a bearer header is not read', async () => {
      const response = await fetch(`${sandbox.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${sandbox.token}` },
        body: new URLSearchParams({
          wsfunction: 'core_webservice_get_site_info',
          moodlewsrestformat: 'json',
        }),
      })
      expect(await response.text()).to.include('"errorcode":"invalidtoken"')
    })

    it('the page of CLI maintenance comes with 503', async () => {
      sandbox.faults.add({ kind: 'maintenance' })
      const response = await fetch(`${sandbox.url}${path}`, { method: 'POST', body: new URLSearchParams() })
      expect(response.status).to.equal(503)
      expect(response.headers.get('content-type')).to.equal('text/html; charset=utf-8')
      const page = await response.text()
      expect(page).to.include('<title>Lab College (BTEC) under maintenance</title>')
      expect(page).to.include('<!DOCTYPE html>\n<html  lang="en" xml:lang="en">')
    })

    it('web services that are switched off answer 403 without a word', async () => {
      sandbox.faults.add({ kind: 'web-services-off' })
      const response = await fetch(`${sandbox.url}${path}`, { method: 'POST', body: new URLSearchParams() })
      expect([response.status, await response.text()]).to.deep.equal([403, ''])
    })
  })

  it('values beyond max_input_vars are dropped without a word', async () => {
    const limited = await startMoodleSandbox({ maxInputVars: 6_000 })
    try {
      limited.person.createUser({ email: 's.probe@college.test', firstname: 'Probe', lastname: 'Student' })
      const values = (count: number) =>
        Array.from({ length: count }, (_, n): [string, string] => [
          `values[${n}]`,
          n === count - 1 ? 's.probe' : `nobody${n}`,
        ])
      const ask = (count: number) =>
        send(limited, 'core_user_get_users_by_field', [['field', 'username'], ...values(count)])
      expect(await ask(5_900)).to.include('"username":"s.probe"')
      expect(await ask(6_100)).to.equal('[]')
    } finally {
      await limited.stop()
    }
  })
})
