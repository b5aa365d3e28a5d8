import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from '../../../connectors/moodle/parse.ts'
import { type MoodleSandbox, startMoodleSandbox } from '../../../connectors/moodle/sandbox/index.ts'
import { standardWebhooks } from '../../../core/http/verifiers/standard-webhooks.ts'
import type { Json, Payload } from '../../../core/plugin.ts'
import { never, toolsFor } from './connected.ts'
import { type Delivery, secret, startDoor, types } from './door.ts'

/** Names and kinds of what a value holds, in its order; of a list those of its first. */
function shapeOf(value: Json): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[${shapeOf(value[0]!)}]`
  if (value === null || typeof value !== 'object') return typeof value
  return `{${Object.entries(value)
    .map(([name, held]) => `${name}:${shapeOf(held)}`)
    .join()}}`
}

describe('the Moodle sandbox as our plugin', () => {
  let sandbox: MoodleSandbox
  let door: Awaited<ReturnType<typeof startDoor>>
  beforeEach(async () => {
    sandbox = await startMoodleSandbox()
    door = await startDoor()
  })
  afterEach(async () => {
    await sandbox.stop()
    await door.stop()
  })

  it('sends an envelope that the standard verifier believes and the connector reads', async () => {
    const { person, idle } = sandbox.plugin({ url: door.url, secret, tenant: 'al-noor', endpoint: 'ep1' })
    person.createUser(
      { email: 'Mona@college.example', firstname: 'منى', lastname: '😀', idnumber: '007' },
      'student',
    )
    await idle()
    const [{ path, headers, body, envelope }] = (await door.until(1)) as [Delivery]
    expect(path).to.equal('/api/v1/events/moodle/user_created?endpoint=ep1')
    expect(headers['x-tenant-id']).to.equal('al-noor')
    const verdict = standardWebhooks.verify(
      {
        method: 'POST',
        path,
        query: {},
        headers: new Map(Object.entries(headers).map(([name, value]) => [name, [String(value)]])),
        body,
        now: Date.now(),
      },
      [secret],
      {},
    )
    expect(verdict).to.deep.include({ ok: true, trusted: true, senderId: envelope['id'] })
    const { key, events } = parse({ channel: 'events', route: 'user_created', body: envelope, receivedAt: 0 })
    expect(key).to.equal(envelope['id'])
    expect(events[0]).to.deep.include({ resource: 'user', kind: 'state', id: '5' })
    expect(events[0]!.payload).to.deep.include({
      firstname: 'منى',
      lastname: '😀',
      idnumber: '007',
      role: 'student',
    })
  })

  it('tells each type in the words of the real plugin, in its order', async () => {
    const { person, idle } = sandbox.plugin({ url: door.url, secret, echoes: true })
    const ask = (name: string, parameters: Record<string, string>) =>
      fetch(`${sandbox.url}/webservice/rest/server.php`, {
        method: 'POST',
        body: new URLSearchParams({ wstoken: sandbox.adminToken, wsfunction: name, ...parameters }),
      })
    const { id } = person.createUser({ email: 'mona@college.example', firstname: 'Mona', lastname: 'Haddad' })
    person.assignRole(id, 'student')
    const course = person.createCourse({ fullname: 'Unit 1', shortname: 'U1' })
    await ask('core_course_update_courses', {
      'courses[0][id]': String(course.id),
      'courses[0][visible]': '0',
    })
    person.enrol(id, course.id)
    person.enrol(id, course.id, { suspended: true })
    const grade = { userid: id, courseid: course.id, itemid: '7', assignment: { id: '9001', name: 'A1' } }
    const grader = { grader: { id: '2', username: 'admin', name: 'Admin User' }, grader_role: 'teacher' }
    const learning_outcomes = [
      { code: 'P1', description: 'Explain', score: 1, feedback: 'Met', achieved: true },
    ]
    const btec = { gradetype: 2, scale: ['Refer', 'Pass'], scale_label: 'Pass', learning_outcomes }
    person.grade({ ...grade, ...grader, finalgrade: 2, ...btec })
    person.unenrol(id, course.id)
    person.deleteUser(id)
    await ask('core_course_delete_courses', { 'courseids[0]': String(course.id) })
    await idle()
    const real = readFileSync(join(import.meta.dirname, 'transcripts', 'events.txt'), 'utf8')
      .split('\n')
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line) as Payload)
    for (const type of new Set(types(door.deliveries))) {
      const { envelope } = door.deliveries.find(each => each.envelope['type'] === type)!
      const like = real.filter(each => each['type'] === type).at(-1)
      expect(shapeOf(envelope as Json), String(type)).to.equal(shapeOf(like ?? null))
    }
    expect(new Set(types(door.deliveries)).size).to.equal(11)
    for (const body of real)
      expect(parse({ channel: 'webhooks', body, receivedAt: 0 }).events[0]).to.have.property('id')
  })

  it('numbers its events in the order in which they happened', async () => {
    const { person, idle } = sandbox.plugin({ url: door.url, secret })
    const { id } = person.createUser({ email: 'a@college.example' })
    person.updateUser(id, { city: 'Amman' })
    const course = person.createCourse({ fullname: 'Unit 1', shortname: 'U1' })
    person.enrol(id, course.id)
    person.enrol(id, course.id, { suspended: true })
    person.grade({ userid: id, assignment: { id: '9001', name: 'A1' }, finalgrade: 70 })
    person.unenrol(id, course.id)
    person.deleteUser(id)
    await idle()
    expect(types(door.deliveries)).to.deep.equal([
      'user_created',
      'user_updated',
      'course_created',
      'enrollment_created',
      'user_updated',
      'enrollment_updated',
      'grade_updated',
      'enrollment_deleted',
      'user_deleted',
    ])
    const sequences = door.deliveries.map(({ envelope }) => Number(envelope['sequence']))
    expect(sequences).to.deep.equal([...sequences].sort((a, b) => a - b))
    expect(new Set(door.deliveries.map(({ headers }) => headers['webhook-id'])).size).to.equal(9)
    const told = door.deliveries.flatMap(({ envelope }) =>
      parse({ channel: 'webhooks', body: envelope, receivedAt: 0 }).events.map(({ id }) => id),
    )
    expect(told).to.deep.equal(['5', '5', '2', '5_2', '5', '5_2', '5_9001', '5_2', '5'])
  })

  it('grades again under the same id, and takes the grades away with the enrolment', async () => {
    const { person, idle } = sandbox.plugin({ url: door.url, secret })
    const { id } = person.createUser({ email: 'a@college.example' })
    const course = person.createCourse({ fullname: 'Unit 1', shortname: 'U1' })
    person.enrol(id, course.id)
    const given = { userid: id, courseid: course.id, assignment: { id: '9001', name: 'A1' } }
    person.grade({ ...given, finalgrade: 55 })
    person.grade({ ...given, finalgrade: 70 })
    person.unenrol(id, course.id)
    await idle()
    const grades = door.deliveries.filter(({ envelope }) => String(envelope['type']).startsWith('grade_'))
    expect(types(grades)).to.deep.equal(['grade_updated', 'grade_updated', 'grade_deleted'])
    const told = grades.map(({ envelope }) => envelope['data'] as Payload)
    expect(told.map(({ grade_id, finalgrade }) => [grade_id, finalgrade])).to.deep.equal([
      ['1', 55],
      ['1', 70],
      ['1', undefined],
    ])
  })

  it('tries again with the same id, and keeps the order, until it is taken', async () => {
    await door.stop()
    door = await startDoor(3)
    const plugin = sandbox.plugin({ url: door.url, secret, retryMs: 1 })
    plugin.person.createUser({ email: 'a@college.example' })
    plugin.person.createUser({ email: 'b@college.example' })
    await plugin.idle()
    expect(plugin.attempts.map(({ status }) => status)).to.deep.equal([503, 503, 503, 202, 202])
    expect(new Set(plugin.attempts.slice(0, 4).map(({ event }) => event)).size).to.equal(1)
    expect(door.deliveries.map(({ envelope }) => (envelope['data'] as Payload)['username'])).to.deep.equal([
      'a',
      'b',
    ])
    expect(plugin.waiting).to.equal(0)
  })

  it("tells the engine's own writes as ws where that is switched on, and leaves them out otherwise", async () => {
    const plugin = sandbox.plugin({ url: door.url, secret })
    const { resources } = (await import('../../../connectors/moodle/index.ts')).default.connect(
      sandbox.settings,
      toolsFor([]),
    )
    const user = (n: number) => ({
      fields: { username: `u${n}`, email: `u${n}@college.example`, firstname: 'a', lastname: 'b' },
    })
    plugin.echoes = true
    await resources['user']!.write([user(1)], never)
    await plugin.idle()
    expect(door.deliveries.map(({ envelope }) => envelope['origin'])).to.deep.equal(['ws'])
    plugin.echoes = false
    await resources['user']!.write([user(2)], never)
    plugin.person.updateUser(5, { city: 'x' })
    await plugin.idle()
    expect(door.deliveries.map(({ envelope }) => envelope['origin'])).to.deep.equal(['ws', 'web'])
  })

  it('never tells of what a transaction took back', async () => {
    const plugin = sandbox.plugin({ url: door.url, secret })
    sandbox.faults.add({ kind: 'database', writes: true })
    const form = new URLSearchParams({
      wstoken: sandbox.token,
      wsfunction: 'core_user_create_users',
      moodlewsrestformat: 'json',
      'users[0][username]': 'gone',
      'users[0][createpassword]': '1',
      'users[0][firstname]': 'a',
      'users[0][lastname]': 'b',
      'users[0][email]': 'gone@college.example',
    })
    await fetch(`${sandbox.url}/webservice/rest/server.php`, { method: 'POST', body: form })
    plugin.person.createUser({ email: 'stays@college.example' })
    await plugin.idle()
    expect(door.deliveries.map(({ envelope }) => (envelope['data'] as Payload)['username'])).to.deep.equal([
      'stays',
    ])
  })

  it('sends the user again once a role is known', async () => {
    const plugin = sandbox.plugin({ url: door.url, secret, door: 'webhooks' })
    const { id } = plugin.person.createUser({ email: 'a@college.example' })
    plugin.person.assignRole(id, 'student')
    await plugin.idle()
    expect(door.deliveries.map(({ path }) => path)).to.deep.equal(['/api/v1/webhooks', '/api/v1/webhooks'])
    expect(door.deliveries.map(({ envelope }) => (envelope['data'] as Payload)['role'])).to.deep.equal([
      '',
      'student',
    ])
  })
})
