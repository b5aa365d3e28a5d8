import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { type College, notification, openCollege, until } from './college.ts'

const WAIT = { prefer: 'wait=10' }

describe('what a webhook comes to', () => {
  let college: College
  let next = 1000

  before(async () => {
    college = await openCollege({ announce: false })
  })

  after(() => college.close())

  const user = (idnumber: string) =>
    [...college.moodle.site.users.all()].find(each => each.idnumber === idnumber)

  /** A student whom Zoho has, as its webhook tells of her. */
  function student(changes: Payload = {}): Payload & { id: string } {
    next += 1
    const fields: Payload = {
      Student_ID: `STU-${next}`,
      Full_Name: 'Omar Saleh',
      Academic_Email: `omar.saleh.${next}@college.test`,
      Phone_Number: '+962 79 000 0000',
      City: 'Irbid',
      Country: 'Jordan',
      Status: 'Active',
      ...changes,
    }
    const known = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
    const id = college.zoho.person.create('BTEC_Students', known)
    return { id, ...known }
  }

  const send = (body: Payload, headers: Record<string, string> = WAIT) =>
    college.webhook('student', body, headers)

  it('is accepted at once, and stored before that', async () => {
    const answer = await send(notification(student(), { notification_id: 'first' }), {})
    expect(answer.status).to.equal(202)
    expect(answer.body).to.include({ status: 'accepted', notification_id: 'first' })
    const stored = await college.engine.store.deliveries.bySenderIds('default', ['first'])
    expect(stored).to.have.length(1)
    await college.quiet()
  })

  it('is NEW for a student who was not known, with what the push did', async () => {
    const answer = await send(notification(student({ Student_ID: 'STU-NEW' })))
    expect(answer.status).to.equal(200)
    expect(answer.body).to.include({ outcome: 'NEW', action: 'created' })
    expect(answer.body['ids']).to.have.property('moodle/user', String(user('STU-NEW')?.id))
  })

  it('is a duplicate when the same notification comes again', async () => {
    const body = notification(student())
    await send(body)
    const calls = college.moodle.log.length
    const again = await send(body)
    expect(again.status).to.equal(200)
    expect(again.body).to.include({ status: 'duplicate', outcome: 'NEW' })
    expect(college.moodle.log.length).to.equal(calls)
  })

  it('W03: is another delivery when other bytes come under the same id', async () => {
    const one = student()
    await send(notification(one, { notification_id: 'reused' }))
    const answer = await send(notification({ ...one, City: 'Aqaba' }, { notification_id: 'reused' }))
    expect(answer.body).to.include({ outcome: 'UPDATED', id_reused: true })
  })

  it('is UNCHANGED for the same content, and nothing is sent', async () => {
    const one = student()
    await send(notification(one))
    await college.quiet()
    const calls = college.moodle.log.length
    const asked = college.zoho.log.length
    const answer = await send(notification(one))
    expect(answer.body).to.include({ outcome: 'UNCHANGED' })
    await college.quiet()
    expect(college.moodle.log.length).to.equal(calls)
    expect(college.zoho.log.length).to.equal(asked)
  })

  it('is UPDATED with the list of changes', async () => {
    const one = student({ City: 'Irbid' })
    await send(notification(one))
    const answer = await send(notification({ ...one, City: 'Salt' }))
    expect(answer.body).to.include({ outcome: 'UPDATED', action: 'updated' })
    expect(answer.body['changes']).to.deep.equal([{ field: 'city', from: 'Irbid', to: 'Salt' }])
    expect(user(String(one['Student_ID']))?.city).to.equal('Salt')
  })

  it('is SKIPPED when it is older than what is known', async () => {
    const one = student()
    await send(notification(one, { at: '2026-10-02T10:00:00+03:00' }))
    const answer = await send(notification({ ...one, City: 'Old' }, { at: '2026-10-01T10:00:00+03:00' }))
    expect(answer.body).to.include({ outcome: 'SKIPPED', reason: 'older' })
  })

  it('clears a phone number that was emptied, and nothing that a partial payload leaves out', async () => {
    const one = student({ Phone_Number: '+962 79 111 1111' })
    const idnumber = String(one['Student_ID'])
    await send(notification(one))
    expect(user(idnumber)?.phone1).to.equal('+962 79 111 1111')
    const { City: _city, Country: _country, ...rest } = one
    await send(notification({ ...rest, Full_Name: 'Omar A. Saleh' } as typeof one))
    expect(user(idnumber)).to.include({ city: 'Irbid', phone1: '+962 79 111 1111' })
    const answer = await send(notification({ ...one, Full_Name: 'Omar A. Saleh', Phone_Number: null }))
    expect(answer.body['changes']).to.deep.equal([{ field: 'phone', from: '+962 79 111 1111', to: null }])
    expect(user(idnumber)?.phone1).to.be.oneOf(['', '0'])
  })

  it('is INVALID without an email, names the field and what was tried, and tells Zoho', async () => {
    const { Academic_Email: _email, ...one } = student()
    const answer = await send(notification(one as Payload & { id: string }))
    expect(answer.body).to.include({ outcome: 'INVALID', field: 'email' })
    expect(answer.body['tried']).to.deep.equal(['Academic_Email', 'Academic Email', 'Email', 'email'])
    const row = await until('Failed in Zoho', () => {
      const now = college.zoho.record('BTEC_Students', one.id)
      return now?.['Sync_Status'] === 'Failed' ? now : undefined
    })
    expect(row['Sync_Error_Message']).to.contain('email')
    expect(user(String(one['Student_ID']))).to.equal(undefined)
  })

  it('goes through at once after its correction', async () => {
    const { Academic_Email: email, ...one } = student()
    await send(notification(one as Payload & { id: string }))
    const answer = await send(notification({ ...one, Academic_Email: email } as Payload & { id: string }))
    expect(answer.body).to.include({ outcome: 'NEW', action: 'created' })
    await until(
      'Synced in Zoho',
      () => college.zoho.record('BTEC_Students', one.id)?.['Sync_Status'] === 'Synced',
    )
  })

  it('is DELETED, and the Moodle user suspended', async () => {
    const one = student()
    await send(notification(one))
    const gone = notification(one, { operation: 'delete' })
    const answer = await send({ ...gone, data: {} })
    expect(answer.body).to.include({ outcome: 'DELETED' })
    await college.quiet()
    expect(user(String(one['Student_ID']))?.suspended).to.equal(1)
  })

  it('keeps what names a module that nobody runs as a dead letter', async () => {
    const answer = await college.webhook(
      'nothing-of-ours',
      { module: 'Nothing', operation: 'insert', record_id: '1', data: { id: '1' } },
      {},
    )
    expect(answer.status).to.equal(202)
    const [event] = answer.body['events'] as Payload[]
    const state = await until('its outcome', async () => {
      const { body } = await college.call('POST', '/api/v1/events/status', { ids: [String(event?.['id'])] })
      const [status] = (body['events'] ?? []) as Payload[]
      return status?.['outcome'] === 'INVALID' ? status : undefined
    })
    expect(state['code']).to.be.oneOf(['UNKNOWN_MODULE', 'MODULE_MISMATCH'])
  })

  it('keeps what cannot be read as a dead letter', async () => {
    const endpoint = college.engine.credentials.endpoints['zoho']
    const path = `/api/v1/events/zoho/student?endpoint=${endpoint?.id}`
    const { signatureHeaders } = await import('../../connectors/zoho/index.ts')
    const body = Buffer.from('{"id":"1","id":"2"}')
    const headers = signatureHeaders({ method: 'POST', path, body, now: Date.now() }, endpoint?.secret ?? '')
    const response = await fetch(`${college.engine.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })
    expect(response.status).to.equal(202)
    const { events } = (await response.json()) as { events: Payload[] }
    expect(events[0]).to.have.property('id')
  })

  it('carries ids of 19 digits, leading zeros, Arabic and 120 fields exactly', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 120 }, (_, place) => [`Custom_${place}`, `value ${place}`]),
    )
    const body = notification({
      id: '9007199254740993123',
      Student_ID: '00012345',
      Full_Name: 'عبد الرحمن الخطيب',
      Academic_Email: 'abd.khatib@college.test',
      Status: 'Active',
      ...many,
    })
    const answer = await send(body)
    expect(answer.body).to.include({ outcome: 'NEW' })
    const [record] = await college.engine.store.records.byIdentities('default', [
      'zoho/BTEC_Students:9007199254740993123',
    ])
    expect(record?.fields).to.include({
      zohoId: '9007199254740993123',
      studentId: '00012345',
      fullName: 'عبد الرحمن الخطيب',
    })
    expect(user('00012345')).to.include({ firstname: 'عبد', lastname: 'الرحمن الخطيب' })
  })

  it('lets the rest of a batch through when one of it is wrong', async () => {
    const rows = [student(), student(), student()]
    const { Academic_Email: _email, ...bad } = rows[1] as Payload & { id: string }
    const { status, body } = await college.call('POST', '/api/v1/sync/students', {
      data: [rows[0], bad, rows[2]] as Payload[],
    })
    expect(status).to.equal(200)
    const results = body['results'] as Payload[]
    expect(results.map(result => result['outcome'] ?? result['state'] ?? result['status'])).to.deep.equal([
      'NEW',
      'INVALID',
      'NEW',
    ])
    expect(body['summary']).to.include({ total: 3, new: 2, invalid: 1 })
  })
})
