import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { remoteStates } from '../../core/operations/readiness.ts'
import { callerOf } from '../connectors/zoho/caller.ts'
import { type College, openCollege, until } from '../e2e/college.ts'

const DASHBOARD = new URL('../../config/grafana/wasl.json', import.meta.url)
const README = new URL('../../core/operations/README.md', import.meta.url)

describe('metrics', () => {
  let college: College

  before(async () => {
    college = await openCollege({ announce: false })
  })

  after(() => college.close())

  async function read(): Promise<string> {
    const headers = { authorization: `Bearer ${college.engine.credentials.key}` }
    return (await fetch(`${college.engine.url}/metrics`, { headers })).text()
  }

  const person = (id: string, more: object = {}) => ({
    id,
    Full_Name: 'Rana Khalil',
    Academic_Email: `rana.${id}@college.test`,
    Status: 'Active',
    ...more,
  })

  it('tell of outcomes, queues, retries, dead letters, gates, remotes, expiry, store and event loop', async () => {
    const { api } = callerOf(college.zoho)
    const watch = [
      { channel_id: '7', events: ['BTEC_Students.all'], notify_url: 'http://127.0.0.1:9/', token: 't' },
    ]
    expect((await api('POST', '/actions/watch', { watch })).status).to.equal(201)
    college.moodle.faults.add({ kind: 'error', times: 1 })
    await college.call('POST', '/api/v1/sync/students', {
      data: [person('1'), { id: '2', Full_Name: 'No Mail' }],
    })
    await until('it failed once', async () => /wasl_(retries_total|gates_closed)\{/.test(await read()))
    await college.call('POST', '/api/v1/gates/zoho/pause', { reason: 'For the test.' })
    const text = await read()
    expect(text).to.match(/^wasl_events_total\{module="student",outcome="NEW"\} 1$/m)
    expect(text).to.match(/^wasl_events_total\{module="student",outcome="INVALID"\} 1$/m)
    expect(text).to.match(/^wasl_records\{module="student",state="invalid"\} 1$/m)
    expect(text).to.match(/^wasl_dead_letters 1$/m)
    expect(text).to.match(/^wasl_queue_age_seconds\{queue="sending"\} \d/m)
    expect(text).to.match(/^wasl_gates_closed\{remote="zoho",reason="paused"\} 1$/m)
    expect(text).to.match(
      /^wasl_remote_request_seconds_bucket\{le="0.005",remote="moodle",status="5xx"\} \d/m,
    )
    expect(text).to.match(/^wasl_store_seconds_count\{operation="insert"\} [1-9]/m)
    const ahead = /^wasl_clock_ahead_seconds\{remote="moodle"\} (\S+)$/m.exec(text)?.[1]
    expect(Math.abs(Number(ahead))).to.be.below(60)
    expect(text).to.match(/^wasl_event_loop_delay_seconds\{quantile="0.99"\} \d/m)
    const left = (what: string) =>
      Number(
        new RegExp(`^wasl_expires_seconds\\{remote="zoho",what="${what}"\\} (\\S+)$`, 'm').exec(text)?.[1],
      )
    expect(left('token')).to.be.within(3000, 3600)
    expect(left('channel 7')).to.be.within(3000, 3600)
  }).timeout(20_000)

  it('S12: say under which secret a signature fitted', async () => {
    const { id } = college.engine.credentials.endpoints['zoho']!
    const body = { module: 'BTEC_Students', operation: 'update', record_id: '77', data: null }
    await college.webhook('student', body)
    await college.call('POST', `/v1/extension/endpoints/${id}/rotate`, { hours: 1 })
    await college.webhook('student', body)
    const text = await read()
    expect(text).to.match(/^wasl_signatures_total\{secret="newest"\} [1-9]/m)
    expect(text).to.match(/^wasl_signatures_total\{secret="older"\} 1$/m)
  })

  it('are all that the dashboard and the README name, and the other way round', async () => {
    const names = new Set([...(await read()).matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name as string))
    const { panels } = JSON.parse(await readFile(DASHBOARD, 'utf8')) as {
      panels: { title: string; targets: { expr: string }[] }[]
    }
    const inPanels = panels.flatMap(({ targets }) =>
      targets.flatMap(({ expr }) => expr.match(/wasl_\w+/g) ?? []),
    )
    const plain = (name: string) => (names.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ''))
    expect(inPanels.map(plain).filter(name => !names.has(name))).to.deep.equal([])
    expect([...names].filter(name => !inPanels.map(plain).includes(name))).to.deep.equal([])
    for (const { title, targets } of panels) expect(targets.length, title).to.be.greaterThan(0)
    const inReadme = new Set((await readFile(README, 'utf8')).match(/wasl_\w+/g) ?? [])
    expect([...inReadme].sort()).to.deep.equal([...names].sort())
  })

  it('name in their labels no more than modules, states, remotes and codes', async () => {
    const data = Array.from({ length: 30 }, (_, i) => person(String(100 + i)))
    const before = (await read()).split('\n').length
    await college.call('POST', '/api/v1/sync/students', { data })
    const after = await read()
    expect(after).not.to.match(/rana|khalil|\b1\d\d@/i)
    expect(after.split('\n').length - before, 'lines for 30 more students').to.be.lessThan(40)
  })

  it('readiness tells of every remote, names no college, and is not changed by one', async () => {
    await until('the engine knows of the pause', () =>
      college.engine.delivery.gates.some(({ remote }) => remote === 'zoho'),
    )
    const response = await fetch(`${college.engine.url}/health/ready`)
    expect(response.status).to.equal(200)
    const body = (await response.json()) as Record<string, unknown>
    expect(body).to.include({ status: 'ready' })
    expect(body['connectors']).to.nested.include({
      'zoho.tenants': 1,
      'zoho.state.paused': 1,
      'moodle.tenants': 1,
    })
    expect(JSON.stringify(body)).not.to.contain('default')
  })

  it('readiness counts what is closed, by the reason', () => {
    const gate = (remote: string, reason: 'busy' | 'outage', more: object = {}) => ({
      remote,
      reason,
      ...more,
    })
    const states = remoteStates(
      ['crm', 'lms', 'library'],
      [['crm', 'lms'], ['crm']],
      [gate('crm', 'busy'), gate('crm/People', 'outage'), gate('lms', 'busy', { opening: 3 })],
    )
    expect(states).to.deep.equal({
      crm: { tenants: 2, state: { busy: 1, outage: 1 } },
      lms: { tenants: 1, state: 'open' },
      library: { tenants: 0, state: 'unused' },
    })
  })
})
