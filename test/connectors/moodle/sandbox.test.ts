import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import demo from '../../../connectors/moodle/sandbox/demo.ts'
import { type MoodleSandbox, startMoodleSandbox } from '../../../connectors/moodle/sandbox/index.ts'
import type { Payload } from '../../../core/plugin.ts'
import { never, toolsFor } from './connected.ts'
import { secret, startDoor, types } from './door.ts'

describe("the Moodle sandbox's memory", () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'moodle-sandbox-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('keeps records, ids and undelivered events over a restart', async () => {
    const first = await startMoodleSandbox({ folder })
    const plugin = first.plugin({ url: 'http://127.0.0.1:9', secret, retryMs: 60_000 })
    const a = plugin.person.createUser({ email: 'a@college.example', firstname: 'منى' })
    const b = plugin.person.createUser({ email: 'b@college.example' })
    plugin.person.enrol(a.id, plugin.person.createCourse({ fullname: 'U', shortname: 'U' }).id)
    plugin.person.unenrol(a.id, 2)
    await first.stop()

    const door = await startDoor()
    const second = await startMoodleSandbox({ folder })
    try {
      expect(second.site.users.get(a.id)).to.include({ firstname: 'منى', email: 'a@college.example' })
      expect(second.site.enrolments.size).to.equal(0)
      expect(second.person.enrol(b.id, 2).id).to.equal(2)
      await second.plugin({ url: door.url, secret }).idle()
      expect(types(door.deliveries).slice(0, 3)).to.deep.equal([
        'user_created',
        'user_created',
        'course_created',
      ])
    } finally {
      await second.stop()
      await door.stop()
    }
  })

  it('brings its college once, not again after a restart', async () => {
    const college = { users: [{ email: 'a@college.example' }] }
    const first = await startMoodleSandbox({ folder, college })
    first.person.deleteUser(5)
    await first.stop()
    const second = await startMoodleSandbox({ folder, college })
    expect([...second.site.users.all()].filter(({ id, deleted }) => id > 4 && deleted === 0)).to.deep.equal(
      [],
    )
    await second.stop()
  })
})

describe("the Moodle sandbox's door for people", () => {
  let sandbox: MoodleSandbox
  beforeEach(async () => {
    sandbox = await startMoodleSandbox()
  })
  afterEach(() => sandbox.stop())
  const ask = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${sandbox.url}/sandbox${path}`, {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as Payload }
  }

  it('creates, changes, shows and deletes a user', async () => {
    const made = await ask('POST', '/users', { email: 'Mona@college.example', firstname: 'منى' })
    expect(made).to.deep.include({ status: 201 })
    expect(made.body).to.include({ id: '5', username: 'mona', role: 'student', firstname: 'منى' })
    expect((await ask('PATCH', '/users/5', { city: 'Irbid' })).body).to.include({ city: 'Irbid' })
    expect((await ask('GET', '/users/5')).body).to.include({ city: 'Irbid' })
    expect((await ask('GET', '/users')).body).to.have.length(1)
    expect((await ask('DELETE', '/users/5')).status).to.equal(200)
    expect((await ask('GET', '/users')).body).to.have.length(0)
  })

  it('grades by username', async () => {
    await ask('POST', '/users', { email: 'mona@college.example' })
    const grade = await ask('POST', '/grades', { username: 'mona', assignment: { id: '9' }, finalgrade: 65 })
    expect(grade.body).to.deep.include({ userid: '5', assignment: { id: '9' }, finalgrade: 65 })
  })

  const refusals: readonly (readonly [string, string, string, unknown, number])[] = [
    ['a user without an email', 'POST', '/users', {}, 400],
    ['a body that is no JSON', 'POST', '/users', '{', 400],
    ['a user who is not there', 'PATCH', '/users/99', { city: 'x' }, 409],
    ['a grade for nobody', 'POST', '/grades', { username: 'x' }, 400],
    ['a fault that is not known', 'POST', '/faults', { kind: 'x' }, 400],
    ['a door that is not there', 'GET', '/nothing', undefined, 404],
  ]
  for (const [title, method, path, body, status] of refusals)
    it(`refuses ${title} with a sentence`, async () => {
      const answer = await ask(method, path, body)
      expect(answer.status).to.equal(status)
      expect(answer.body['error']).to.be.a('string')
    })

  it('refuses pages of a browser', async () => {
    const response = await fetch(`${sandbox.url}/sandbox/users`, {
      headers: { origin: 'https://evil.example' },
    })
    expect(response.status).to.equal(403)
  })

  it('sets faults, counts them down and shows what was asked', async () => {
    await ask('POST', '/faults', { kind: 'busy', times: 2, function: 'core_webservice' })
    const form = () =>
      new URLSearchParams({ wstoken: sandbox.token, wsfunction: 'core_webservice_get_site_info' })
    const call = async () =>
      (await fetch(`${sandbox.url}/webservice/rest/server.php`, { method: 'POST', body: form() })).status
    expect(await call()).to.equal(429)
    expect((await ask('GET', '/faults')).body).to.have.nested.property('[0].times', 1)
    expect(await call()).to.equal(429)
    expect(await call()).to.equal(200)
    const { body } = await ask('GET', '/log')
    expect(body).to.have.length(3)
    expect(JSON.stringify(body)).to.not.include(sandbox.token)
  })
})

describe("the Moodle connector's demo", () => {
  it('starts with a small college, and can be reached by its settings', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'moodle-demo-'))
    const door = await startDoor()
    const running = await demo.start({ folder, log: toolsFor([]).log })
    try {
      const moodle = (await import('../../../connectors/moodle/index.ts')).default
      const connection = moodle.connect(running.settings as never, toolsFor([]))
      expect((await connection.check(never)).every(({ ok }) => ok)).to.equal(true)
      await connection.close()
      running.announce({ url: door.url, id: 'ep1', secret })
      const response = await fetch(`${running.url}/users`, {
        method: 'POST',
        body: JSON.stringify({ email: 'salma@college.example', firstname: 'سلمى' }),
      })
      expect(response.status).to.equal(201)
      expect(types(await door.until(1))).to.deep.equal(['user_created'])
      for (const { command } of running.examples) expect(command).to.match(/^curl -s /)
    } finally {
      await running.close()
      await door.stop()
      await rm(folder, { recursive: true })
    }
  })
})
