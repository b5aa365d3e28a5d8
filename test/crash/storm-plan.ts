/** What is sent in a storm, and what must be there after it: made out of a seed alone. */
import type { Payload } from '../../core/plugin.ts'

export interface Post {
  readonly module: string
  readonly id: string
  readonly body: Payload
}

export interface Storm {
  readonly posts: readonly Post[]
  /** By student number: the content that its newest version has. */
  readonly newest: ReadonlyMap<string, number>
  /** By student number: how many versions were sent. */
  readonly versions: ReadonlyMap<string, number>
  /** Zoho ids of students without an email. */
  readonly invalid: ReadonlySet<string>
}

/** What exists in Zoho before: ids by their order. */
export interface Rows {
  readonly students: readonly string[]
  readonly programs: readonly string[]
  readonly registrations: readonly string[]
  readonly invalid: readonly string[]
}

export const studentFields = (n: number, content: number): Payload => ({
  Student_ID: `STU-${n}`,
  First_Name: 'Storm',
  Last_Name: `V${content}`,
  Full_Name: `Storm V${content}`,
  Academic_Email: `storm.${n}@college.test`,
  Status: 'Active',
})

export const programFields = (n: number): Payload => ({
  Name: `Programme ${n}`,
  Program_Name: `Programme ${n}`,
  Program_Code: `P-${n}`,
})

export const registrationOf = (n: number, { students, programs }: Pick<Rows, 'students' | 'programs'>) => ({
  Registration_Number: `R-${n}`,
  Student: { id: students[n % students.length] as string },
  Program: { id: programs[n % programs.length] as string },
  Status: 'Active',
})

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** @param from milliseconds since 1970; every version is later than what Zoho's rows say of themselves */
export function planStorm(count: number, rows: Rows, from: number, random: () => number): Storm {
  const posts: Post[] = []
  const newest = new Map<string, number>()
  const versions = new Map<string, number>()
  const contents = new Map<string, number>()
  const add = (module: string, api: string, id: string, version: number, fields: Payload) => {
    const at = new Date(from + version * 1000).toISOString()
    const notification = `storm-${posts.length}`
    const data = { id, Modified_Time: at, ...fields }
    const body = {
      notification_id: notification,
      timestamp: at,
      module: api,
      operation: 'update',
      record_id: id,
      data,
    }
    posts.push({ module, id: notification, body })
  }
  rows.programs.forEach((id, n) => {
    add('program', 'BTEC_Programs', id, 1, programFields(n))
  })
  rows.registrations.forEach((id, n) => {
    add('registration', 'BTEC_Registrations', id, 1, registrationOf(n, rows))
  })
  rows.invalid.forEach((id, n) => {
    const { Academic_Email: _, ...fields } = studentFields(900_000 + n, 1)
    add('student', 'BTEC_Students', id, 1, fields)
  })
  const repeats = Math.floor(count * 0.04)
  const student = (n: number) => {
    const name = `STU-${n}`
    const version = (versions.get(name) ?? 0) + 1
    // One in seven says again what was said before.
    const content = version > 1 && random() < 0.15 ? (contents.get(name) as number) : version
    versions.set(name, version)
    contents.set(name, content)
    newest.set(name, content)
    add('student', 'BTEC_Students', rows.students[n] as string, version, studentFields(n, content))
  }
  rows.students.forEach((_, n) => {
    student(n)
  })
  while (posts.length < count - repeats) student(Math.floor(random() * rows.students.length))
  const sent = shuffled(posts, random)
  const all = [...sent, ...sent.slice(0, count - sent.length)]
  return { posts: shuffled(all, random), newest, versions, invalid: new Set(rows.invalid) }
}

function shuffled<T>(list: readonly T[], random: () => number): readonly T[] {
  const all = [...list]
  for (let at = all.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1))
    const held = all[at] as T
    all[at] = all[other] as T
    all[other] = held
  }
  return all
}
