import { expect } from 'chai'
import moodle from '../../../connectors/moodle/index.ts'
import { eventType, parse, payloadOf } from '../../../connectors/moodle/parse.ts'
import { gradeKey } from '../../../connectors/moodle/resources.ts'
import { DataError } from '../../../core/errors.ts'
import type { Incoming, Json, Payload } from '../../../core/plugin.ts'

const incoming = (body: Json, more: Partial<Incoming> = {}): Incoming => ({
  channel: 'events',
  body,
  receivedAt: 1_795_354_504_000,
  ...more,
})
const user: Payload = { id: 42, username: 'ali', email: 'ali@college.example', timemodified: 1_795_354_151 }
const envelope = (type: string, data: Json, more: Payload = {}): Payload => ({
  id: '0198-a',
  sequence: 7,
  type,
  time: 1_795_354_504,
  origin: 'web',
  data,
  ...more,
})

describe("parsing of the Moodle plugin's deliveries", () => {
  it('reads the envelope', () => {
    const { key, events } = parse(incoming(envelope('user_created', user), { route: 'user_created' }))
    expect(key).to.equal('0198-a')
    expect(events).to.have.length(1)
    expect(events[0]).to.deep.include({
      resource: 'user',
      kind: 'state',
      id: '42',
      version: [1_795_354_151, 7],
    })
    expect(events[0]!.payload).to.deep.include({ id: '42', username: 'ali' })
  })

  it('has no key of its own where a header named the id', () => {
    expect(parse(incoming(envelope('user_created', user), { senderId: '0198-a' }))).to.not.have.property(
      'key',
    )
  })

  it('takes /webhooks, where only the body names the event', () => {
    const { events } = parse(incoming(envelope('user_updated', user), { channel: 'webhooks' }))
    expect(events[0]).to.include({ resource: 'user', kind: 'state' })
  })

  it('is pure: the same delivery is parsed to the same again', () => {
    const body = envelope('grade_updated', { userid: 42, assignment: { id: 9 }, finalgrade: 4 })
    const before = structuredClone(body)
    expect(parse(incoming(body))).to.deep.equal(parse(incoming(body)))
    expect(body).to.deep.equal(before)
  })

  const types: readonly (readonly [string, string, string])[] = [
    ['user_created', 'user', 'state'],
    ['user_updated', 'user', 'state'],
    ['user_deleted', 'user', 'delete'],
    ['enrollment_created', 'enrollment', 'state'],
    ['enrolment_updated', 'enrollment', 'state'],
    ['enrollment_deleted', 'enrollment', 'delete'],
    ['user_enrolment_deleted', 'enrollment', 'delete'],
    ['grade_updated', 'grade', 'state'],
    ['grade_deleted', 'grade', 'delete'],
    ['user_graded', 'grade', 'state'],
    ['course_created', 'course', 'state'],
    ['course_deleted', 'course', 'delete'],
    ['group_created', 'group', 'state'],
    ['group_member_added', 'group_member', 'state'],
    ['group_member_removed', 'group_member', 'delete'],
    ['cohort_member_added', 'cohort_member', 'state'],
    ['User.Created', 'user', 'state'],
    ['\\core\\event\\user_created', 'user', 'state'],
  ]
  for (const [name, resource, kind] of types)
    it(`${name} is a ${kind} of ${resource}`, () => expect(eventType(name)).to.deep.equal({ resource, kind }))
  for (const name of [
    'user',
    'created',
    'user_exploded',
    'payment_created',
    '',
    '_created',
    'constructor_created',
  ])
    it(`${JSON.stringify(name)} is no event`, () => expect(eventType(name)).to.equal(undefined))

  describe('versions', () => {
    const versionOf = (type: string, data: Payload, more: Payload = {}) =>
      parse(incoming(envelope(type, data, more))).events[0]!.version
    it("are the record's time and the plugin's sequence", () =>
      expect(versionOf('user_updated', user)).to.deep.equal([1_795_354_151, 7]))
    it("take the event's time where the record has none", () =>
      expect(versionOf('user_updated', { id: 42 })).to.deep.equal([1_795_354_504, 7]))
    it('of a deletion are never older than the event', () =>
      expect(versionOf('user_deleted', user)).to.deep.equal([1_795_354_504, 7]))
    it('read times as text, in milliseconds and in ISO 8601', () => {
      const none = { id: 42 }
      expect(versionOf('user_updated', { ...none, timemodified: '1795354151' })[0]).to.equal(1_795_354_151)
      expect(versionOf('user_updated', none, { time: 1_795_354_504_123 })[0]).to.equal(1_795_354_504)
      expect(versionOf('user_updated', none, { time: '2026-11-22T11:35:04Z' })[0]).to.equal(1_795_347_304)
    })
    it('say nothing where nobody named a time', () =>
      expect(versionOf('user_updated', { id: 42 }, { time: null })).to.deep.equal([]))
    it('of a read payload come from its own time, else from the moment of the read', () => {
      const versionOf = moodle.resources['user']!.versionOf
      expect(versionOf({ id: '42', timemodified: 9, readat: 8 })).to.deep.equal([9])
      expect(versionOf({ id: '42', readat: 8 })).to.deep.equal([8])
    })
  })

  describe('both spellings of a field', () => {
    const cases: readonly (readonly [string, string, Payload, Payload])[] = [
      ['a user by userid', 'user', { userid: 42 }, { id: '42' }],
      ['an item by item_name', 'grade', { userid: 1, itemid: 2, item_name: 'A1' }, { itemname: 'A1' }],
      ['a grade by user_id', 'grade', { user_id: '00042', itemid: 2 }, { userid: '00042', key: '00042_i2' }],
      [
        'an enrolment',
        'enrollment',
        { user_id: 1, course_id: 2, enrol: 'manual' },
        { id: '1_2', enrol_method: 'manual' },
      ],
      [
        'an enrolment with an id of its own',
        'enrollment',
        { id: 77, userid: 1, courseid: 2 },
        { id: '1_2', enrollment_id: '77' },
      ],
      ['a course by its category', 'course', { id: 2, category: 3 }, { categoryid: '3' }],
      [
        'what we call it wins',
        'grade',
        { userid: 1, itemid: 2, itemname: 'ours', item_name: 'theirs' },
        { itemname: 'ours' },
      ],
      [
        'an empty one does not',
        'grade',
        { userid: 1, itemid: 2, itemname: '', item_name: 'theirs' },
        { itemname: 'theirs' },
      ],
    ]
    for (const [title, resource, payload, expected] of cases)
      it(title, () => expect(payloadOf(resource, payload)).to.deep.include(expected))
  })

  describe('the key of a grade', () => {
    const cases: readonly (readonly [string, Payload, string | undefined])[] = [
      ['student and assignment', { student: { id: 42 }, assignment: { id: '9001' }, itemid: 512 }, '42_9001'],
      ['the flat spelling', { userid: '42', assignmentid: 9001 }, '42_9001'],
      ["the grade item's own columns", { userid: 42, itemmodule: 'assign', iteminstance: 9001 }, '42_9001'],
      [
        'an item that is no assignment',
        { userid: 42, itemid: 512, itemmodule: 'quiz', iteminstance: 3 },
        '42_i512',
      ],
      ['leading zeros stay', { userid: '00042', assignment: { id: '09001' } }, '00042_09001'],
      ["the sender's key, where nothing else is there", { key: '42_9001' }, '42_9001'],
      ['none without a student', { assignment: { id: 9001 } }, undefined],
      ['none without an item', { userid: 42 }, undefined],
    ]
    for (const [title, payload, key] of cases)
      it(title, () => {
        expect(gradeKey(payload)).to.equal(key)
        expect(moodle.resources['grade']!.idOf(payload)).to.equal(key)
        if (key !== undefined) expect(payloadOf('grade', payload)['key']).to.equal(key)
      })
    it('is the same whichever event told of it', () => {
      const graded = { userid: 42, itemid: 512, itemmodule: 'assign', iteminstance: 9001 }
      const submission = { student: { id: '42' }, assignment: { id: '9001' }, grade_id: 3 }
      expect(gradeKey(graded)).to.equal(gradeKey(submission))
    })
  })

  describe('batches', () => {
    const batch = (route: string, body: Json) => parse(incoming(body, { channel: 'batch', route }))
    it('hold a list under the name of the collection', () => {
      const { events, key } = batch('users', { users: [user, { ...user, id: 43 }] })
      expect(key).to.equal(undefined)
      expect(events.map(({ id, kind }) => [id, kind])).to.deep.equal([
        ['42', 'state'],
        ['43', 'state'],
      ])
      expect(events[0]!.version).to.deep.equal([1_795_354_151])
    })
    it('keep the place of what cannot be read', () => {
      const { events } = batch('users', { users: ['x', user, { email: 'no id' }] })
      expect(events.map(({ id }) => id)).to.deep.equal([undefined, '42', undefined])
      expect(events[0]).to.not.have.property('payload')
    })
    it('tell a user who is deleted', () => {
      const { events } = batch('users', {
        users: [
          { ...user, deleted: 1 },
          { ...user, deleted: '0' },
        ],
      })
      expect(events.map(({ kind }) => kind)).to.deep.equal(['delete', 'state'])
    })
    it('know enrolments and grades', () => {
      expect(batch('enrollments', { enrollments: [{ userid: 1, courseid: 2 }] }).events[0]!.id).to.equal(
        '1_2',
      )
      expect(batch('grades', { grades: [{ userid: 1, itemid: 2 }] }).events[0]!.id).to.equal('1_i2')
    })
  })

  describe('what is refused', () => {
    const refused: readonly (readonly [string, Incoming, string, string | undefined])[] = [
      ['a body that is no object', incoming([]), 'PARSE_SHAPE', undefined],
      ['an envelope without data', incoming({ id: 'a', type: 'user_created' }), 'PARSE_SHAPE', 'data'],
      ['data that is no object', incoming(envelope('user_created', 'x')), 'PARSE_SHAPE', 'data'],
      ['no event at all', incoming({ data: {} }), 'PARSE_SHAPE', 'type'],
      ['an event that is not known', incoming(envelope('user_exploded', user)), 'PARSE_TYPE', 'type'],
      [
        'a route that is not known',
        incoming(envelope('user_created', user), { route: 'x' }),
        'PARSE_TYPE',
        'the route',
      ],
      [
        'another event than the route says',
        incoming(envelope('user_created', user), { route: 'grade_updated' }),
        'MODULE_MISMATCH',
        'type',
      ],
      [
        'a deletion on the route of a creation',
        incoming(envelope('user_deleted', user), { route: 'user_created' }),
        'MODULE_MISMATCH',
        'type',
      ],
      [
        'a deletion that names nobody',
        incoming(envelope('user_deleted', { email: 'x' })),
        'PARSE_SHAPE',
        'data',
      ],
      [
        'a batch without its list',
        incoming({ people: [] }, { channel: 'batch', route: 'users' }),
        'PARSE_SHAPE',
        'users',
      ],
      [
        'a collection that is not known',
        incoming({}, { channel: 'batch', route: 'x' }),
        'PARSE_TYPE',
        'the route',
      ],
    ]
    for (const [title, delivery, code, at] of refused)
      it(title, () => {
        let error: unknown
        try {
          parse(delivery)
        } catch (raised) {
          error = raised
        }
        expect(error).to.be.instanceOf(DataError)
        expect(error).to.include({ code })
        expect((error as DataError).at).to.equal(at)
      })
  })

  it('a payload without an envelope is read where the route names the event', () => {
    const { events, key } = parse(incoming(user, { route: 'user_created' }))
    expect(key).to.equal(undefined)
    expect(events[0]).to.include({ resource: 'user', id: '42' })
  })

  it('keeps Arabic, 4-byte characters and ids with leading zeros', () => {
    const data = { ...user, firstname: 'منى 😀', idnumber: '00012345' }
    const [event] = parse(incoming(envelope('user_created', data))).events
    expect(event!.payload).to.deep.include({ firstname: 'منى 😀', idnumber: '00012345' })
  })

  describe('the reason where no flow fits', () => {
    const reason = moodle.resources['user']!.noFlowReason!
    it('is no_role_yet without a role, or with one that makes nobody a student or teacher', () => {
      expect(reason({ id: '1' })).to.equal('no_role_yet')
      expect(reason({ id: '1', role: '' })).to.equal('no_role_yet')
      expect(reason({ id: '1', role: 'manager' })).to.equal('no_role_yet')
    })
    it('is left to the engine for a student', () => {
      expect(reason({ id: '1', role: 'student' })).to.equal(undefined)
    })
  })
})
