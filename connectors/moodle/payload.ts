import type { Json, Payload } from '../../core/plugin.ts'

/** Other spellings of a field -> ours. The first spelling that has a value wins; ours goes before all. */
type Spellings = Readonly<Record<string, readonly string[]>>

interface Shape {
  readonly spellings: Spellings
  /** Fields that hold an id: always text, since ids with leading zeros occur and numbers lose digits. */
  readonly ids: readonly string[]
}

export const shapes: Readonly<Record<string, Shape>> = {
  user: {
    spellings: { id: ['userid', 'user_id'], idnumber: ['id_number'], suspended: ['is_suspended'] },
    ids: ['id', 'idnumber'],
  },
  course: {
    spellings: { id: ['courseid', 'course_id'], categoryid: ['category', 'category_id'] },
    ids: ['id', 'categoryid', 'idnumber'],
  },
  category: { spellings: { id: ['categoryid', 'category_id'] }, ids: ['id', 'parent', 'idnumber'] },
  cohort: { spellings: { id: ['cohortid', 'cohort_id'] }, ids: ['id', 'idnumber'] },
  cohort_member: {
    spellings: { cohortid: ['cohort_id'], userid: ['user_id'] },
    ids: ['id', 'cohortid', 'userid'],
  },
  group: {
    spellings: { id: ['groupid', 'group_id'], courseid: ['course_id'] },
    ids: ['id', 'courseid', 'idnumber'],
  },
  group_member: {
    spellings: { groupid: ['group_id'], userid: ['user_id'] },
    ids: ['id', 'groupid', 'userid'],
  },
  enrollment: {
    spellings: {
      userid: ['user_id'],
      courseid: ['course_id'],
      enrollment_id: ['enrolment_id', 'enrollmentid', 'enrolmentid', 'user_enrolment_id'],
      enrol_method: ['enrol', 'enrolmethod', 'enrollment_method'],
      course_name: ['coursename'],
      timestart: ['time_start'],
      timeend: ['time_end'],
    },
    ids: ['id', 'enrollment_id', 'userid', 'courseid', 'roleid'],
  },
  grade: {
    spellings: {
      userid: ['user_id'],
      courseid: ['course_id'],
      grade_id: ['gradeid', 'id'],
      itemid: ['item_id', 'grade_item_id'],
      itemname: ['item_name'],
      itemtype: ['item_type'],
      course_name: ['coursename'],
      finalgrade: ['final_grade'],
      grademin: ['grade_min'],
      grademax: ['grade_max'],
    },
    ids: ['grade_id', 'userid', 'courseid', 'itemid'],
  },
}

/** A payload with our spelling of every field that Moodle or its plugin spells in two ways, and ids as text. */
export function normalise(resource: string, payload: Payload): Payload {
  const { spellings, ids } = shapes[resource]!
  const result: Payload = { ...payload }
  for (const [ours, others] of Object.entries(spellings)) {
    if (hasValue(result[ours])) continue
    const theirs = others.find(other => hasValue(result[other]))
    if (theirs !== undefined) result[ours] = result[theirs]!
  }
  for (const field of ids) {
    const value = result[field]
    if (typeof value === 'number') result[field] = String(value)
  }
  for (const part of ['student', 'grader', 'assignment']) {
    const value = result[part]
    if (
      value !== null &&
      typeof value === 'object' &&
      !Array.isArray(value) &&
      typeof value['id'] === 'number'
    )
      result[part] = { ...value, id: String(value['id']) }
  }
  return result
}

const hasValue = (value: Json | undefined): boolean => value !== undefined && value !== null && value !== ''

/** An id as text, undefined where there is none. */
export const idIn = (value: Json | undefined): string | undefined => {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? String(value) : undefined
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  return text === '' || text === '0' ? undefined : text
}

/** `{first}_{second}`: the identity of what Moodle knows only as a pair. */
export const pairOf = (first: Json | undefined, second: Json | undefined): string | undefined => {
  const [a, b] = [idIn(first), idIn(second)]
  return a === undefined || b === undefined ? undefined : `${a}_${b}`
}

/** Both ids of a pair as Moodle numbers them, undefined where the text is none. */
export const pairIn = (id: string): readonly [string, string] | undefined => {
  const match = /^(\d{1,18})_(\d{1,18})$/.exec(id)
  return match === null ? undefined : [match[1]!, match[2]!]
}

/** Moodle's ids are integers of its database; anything else cannot be one. */
export const isMoodleId = (id: string): boolean => /^\d{1,18}$/.test(id)
