import { expect } from 'chai'
import type { Json, Payload } from '../../core/plugin.ts'
import { type College, notification, openCollege, until } from './college.ts'

type Item = Readonly<Record<string, Json>>

describe('an operator’s session', () => {
  let college: College
  let next = 5000

  before(async () => {
    college = await openCollege({ announce: false })
  })

  after(() => college.close())

  function student(changes: Payload = {}): Payload & { id: string } {
    next += 1
    const fields: Payload = {
      Student_ID: `STU-${next}`,
      Full_Name: 'Rana Khalil',
      Academic_Email: `rana.khalil.${next}@college.test`,
      Status: 'Active',
      ...changes,
    }
    return { id: college.zoho.person.create('BTEC_Students', fields), ...fields }
  }

  async function get(path: string): Promise<Readonly<Record<string, Json>>> {
    const { status, body } = await college.call('GET', path)
    expect(status, JSON.stringify(body)).to.equal(200)
    return body
  }

  const post = (path: string, body: Json = {}) => college.call('POST', path, body)

  /** Every page of a list. */
  async function all(path: string): Promise<readonly Item[]> {
    const items: Item[] = []
    let cursor: Json | undefined
    do {
      const mark = cursor === undefined ? '' : `${path.includes('?') ? '&' : '?'}cursor=${cursor}`
      const page = await get(`${path}${mark}`)
      items.push(...(page['items'] as Item[]))
      cursor = page['next']
    } while (cursor !== undefined)
    return items
  }

  const jobDone = (id: Json | undefined) =>
    until('the job is done', async () => {
      const job = await get(`/api/v1/bulk/${id}`)
      return job['state'] === 'running' ? undefined : job
    })

  const why = async (id: string, module = 'student') => {
    const { why: told } = await get(`/api/v1/records/${module}/${id}`)
    return told as Item
  }

  it('sees 300 students wait for a Moodle that is down, and all of them done when it is back', async () => {
    college.moodle.faults.add({ kind: 'maintenance', times: 1_000_000 })
    const rows = Array.from({ length: 300 }, () => student())
    const { body } = await college.call('POST', '/api/v1/sync/students', { data: rows })
    expect(body['summary']).to.include({ total: 300, new: 300 })
    await until('all stand at the gate', async () => {
      const retries = await all('/api/v1/retries?limit=200&module=student')
      return retries.filter(({ state }) => state === 'gated').length === 300
    })
    const { items: gates } = await get('/api/v1/gates')
    const [gate] = gates as Item[]
    expect(gate).to.include({ remote: 'moodle', reason: 'outage', code: 'MOODLE_MAINTENANCE', records: 300 })
    const told = await why(rows[7]?.id ?? '')
    expect(told).to.include({ because: 'gated', code: 'MOODLE_MAINTENANCE' })
    expect(told['sentence']).to.match(/^It stands at the gate of moodle/)

    college.moodle.faults.clear()
    const resumed = await post('/api/v1/gates/moodle/resume')
    expect(resumed.status).to.equal(200)
    await until('Moodle is open again', async () => {
      const { items } = await get('/api/v1/gates')
      return (items as Item[]).every(each => each['opening'] === true)
    })
    const job = await post('/api/v1/retries/retry', { filter: { module: 'student' } })
    expect(job.status).to.equal(202)
    expect(await jobDone(job.body['id'])).to.include({ state: 'done' })
    await until(
      'all are in Moodle',
      async () => (await all('/api/v1/retries?limit=200')).length === 0,
      30_000,
    )
    await college.quiet()
    const here = new Set([...college.moodle.site.users.all()].map(({ idnumber }) => idnumber))
    expect(rows.filter(row => !here.has(String(row['Student_ID'])))).to.deep.equal([])
  }).timeout(60_000)
})
