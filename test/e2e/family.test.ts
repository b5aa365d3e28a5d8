import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { type College, openCollege } from './college.ts'

/** All orders of `all`. */
const orders = <T>(all: readonly T[]): readonly (readonly T[])[] =>
  all.length < 2
    ? [all]
    : all.flatMap((first, place) =>
        orders([...all.slice(0, place), ...all.slice(place + 1)]).map(rest => [first, ...rest]),
      )

const EVENTS = ['student', 'class', 'enrollment', 'grade'] as const
type Event = (typeof EVENTS)[number]

/** One student in one class, as both systems have them before Wasl has heard of anything. */
interface Family {
  readonly rows: Readonly<Record<Exclude<Event, 'grade'>, string>>
  readonly grade: Payload
}

const MODULES = { student: 'BTEC_Students', class: 'BTEC_Classes', enrollment: 'BTEC_Enrollments' } as const

describe('four events of one family', () => {
  let college: College

  before(async () => {
    college = await openCollege({ announce: false, zoho: { concurrency: 100 } })
  })

  after(() => college.close())

  function family(n: number): Family {
    const { zoho, moodle } = college
    const email = `family.${n}@college.test`
    const user = moodle.person.createUser({ username: `family.${n}`, email, idnumber: `FAM-${n}` }, 'none')
    const course = moodle.person.createCourse({ fullname: `Class ${n}`, shortname: `FAM-C-${n}` })
    const student = zoho.person.create(MODULES.student, {
      Student_ID: `FAM-${n}`,
      Full_Name: `طالب العائلة ${n}`,
      Academic_Email: email,
      Student_Moodle_ID: String(user.id),
    })
    const klass = zoho.person.create(MODULES.class, {
      Name: `Class ${n}`,
      Class_Name: `Class ${n}`,
      Class_Code: `FAM-C-${n}`,
      Moodle_Class_ID: String(course.id),
      Status: 'Active',
    })
    const enrollment = zoho.person.create(MODULES.enrollment, {
      Student: { id: student },
      Class: { id: klass },
      Status: 'Active',
    })
    const grade = {
      grade_id: String(8000 + n),
      userid: String(user.id),
      itemid: String(7000 + n),
      itemtype: 'mod',
      itemname: `Assignment ${n}`,
      assignment: { id: String(9000 + n), name: `Assignment ${n}` },
      courseid: String(course.id),
      gradetype: 1,
      finalgrade: 65,
      grademin: 0,
      grademax: 100,
      timemodified: 1_790_000_000,
    }
    return { rows: { student, class: klass, enrollment }, grade }
  }

  async function tell({ rows, grade }: Family, event: Event, round: number): Promise<void> {
    if (event === 'grade') {
      const { status } = await college.call('POST', '/api/v1/moodle/grades', { grades: [grade] })
      expect(status).to.equal(200)
      return
    }
    const [module, id] = [MODULES[event], rows[event]]
    const data = college.zoho.record(module, id) as Payload
    const { status } = await college.webhook(module, {
      notification_id: `${round}-${id}`,
      timestamp: data['Modified_Time'] as string,
      module,
      operation: 'update',
      record_id: id,
      data,
    })
    expect(status).to.equal(202)
  }

  /** What a person would see in both systems, without anything that differs from family to family. */
  function seen({ rows, grade }: Family) {
    const { site } = college.moodle
    const user = [...site.users.all()].filter(each => String(each.id) === grade['userid'])
    const course = [...site.courses.all()].filter(each => String(each.id) === grade['courseid'])
    const enrolments = [...site.enrolments.all()].filter(each => String(each.userid) === grade['userid'])
    const key = `${grade['userid']}_${(grade['assignment'] as Payload)['id']}`
    const grades = college.zoho
      .records('BTEC_Grades')
      .filter(each => each['Moodle_Grade_Composite_Key'] === key)
    return {
      users: user.length,
      courses: course.length,
      enrolments: enrolments.map(each => [String(each.courseid) === grade['courseid'], each.status]),
      grades: grades.map(each => ({
        student: (each['Student'] as Payload)['id'] === rows.student,
        class: (each['Class'] as Payload | null)?.['id'] === rows.class,
        grade: each['Grade'],
        score: each['Score'],
        synced: each['Sync_Status'],
      })),
      marks: Object.entries(rows).map(([event, id]) => [
        event,
        college.zoho.record(MODULES[event as keyof typeof MODULES], id)?.['Sync_Status'],
      ]),
    }
  }

  it('end the same in all 24 orders, twice each, and nobody waits', async () => {
    const all = orders(EVENTS)
    expect(all).to.have.length(24)
    const families = [...all, ...all].map((order, n) => ({ order, n, of: family(n) }))
    await Promise.all(
      families.map(async ({ order, n, of }) => {
        for (const event of order) await tell(of, event, n)
      }),
    )
    await college.quiet(60_000)

    for (const { order, of } of families) {
      expect(seen(of), order.join(', ')).to.deep.equal({
        users: 1,
        courses: 1,
        enrolments: [[true, 0]],
        grades: [{ student: true, class: true, grade: 'Merit', score: 65, synced: 'Synced' }],
        marks: [
          ['student', 'Synced'],
          ['class', 'Synced'],
          ['enrollment', 'Synced'],
        ],
      })
    }
    const stuck = await college.engine.store.db
      .collection('records')
      .find({ state: { $ne: 'ok' } })
      .toArray()
    expect(
      stuck.map(({ module, state, missing, lastError }) => ({ module, state, missing, lastError })),
    ).to.deep.equal([])
  }).timeout(90_000)
})
