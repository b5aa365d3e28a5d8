import type { IncomingMessage } from 'node:http'
import { type Fault, type Faults, faultKinds } from './faults.ts'
import { userPayload } from './payloads.ts'
import type { Person } from './person.ts'
import type { Site } from './site.ts'

export interface ControlAnswer {
  readonly status: number
  readonly body: unknown
}

export interface Controlled {
  readonly site: Site
  readonly person: Person
  readonly faults: Faults
  readonly log: () => readonly unknown[]
}

type Fields = { [field: string]: unknown }

/** `/sandbox/...`: what a person does in Moodle, said at a terminal. */
export function control(request: IncomingMessage, text: string, parts: Controlled): ControlAnswer {
  if (request.headers['origin'] !== undefined) return wrong(403, 'pages of a browser may not use this door')
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://sandbox')
  const [, , what, id] = pathname.split('/')
  let body: Fields = {}
  if (text !== '') {
    try {
      body = JSON.parse(text) as Fields
    } catch {
      return wrong(400, 'the body is no JSON')
    }
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      return wrong(400, 'the body must be one JSON object')
  }
  if (what === undefined || what === '') return { status: 200, body: { doors: doors() } }
  const action = actions[`${request.method} ${what}${id === undefined ? '' : '/{id}'}`]
  if (action === undefined) return wrong(404, `there is only ${doors().join(', ')}`)
  try {
    const answer = action(parts, body, Number(id))
    if (!Array.isArray(answer.body)) return answer
    const fits = (row: Fields) =>
      [...searchParams].every(([name, value]) => String(row[name] ?? '') === value)
    return { ...answer, body: answer.body.filter(fits) }
  } catch (error) {
    return wrong(409, error instanceof Error ? error.message : 'it could not be done')
  }
}

const doors = () => Object.keys(actions).map(name => name.replace(' ', ' /sandbox/'))
const wrong = (status: number, message: string): ControlAnswer => ({ status, body: { error: message } })
const done = (body: unknown, status = 200): ControlAnswer => ({ status, body })

const actions: Readonly<Record<string, (parts: Controlled, body: Fields, id: number) => ControlAnswer>> = {
  'GET users': ({ site }) =>
    done([...site.users.all()].filter(user => user.deleted === 0 && user.id > 4).map(userPayload)),
  'GET users/{id}': ({ site }, _, id) => {
    const user = site.users.get(id)
    return user === undefined ? wrong(404, `there is no user ${id}`) : done(userPayload(user))
  },
  'POST users': ({ person }, { role = 'student', ...fields }) => {
    if (typeof fields['email'] !== 'string') return wrong(400, '"email" is missing')
    return done(userPayload(person.createUser({ ...fields, email: fields['email'] }, String(role))), 201)
  },
  'PATCH users/{id}': ({ person }, changes, id) => done(userPayload(person.updateUser(id, changes))),
  'DELETE users/{id}': ({ person }, _, id) => {
    person.deleteUser(id)
    return done({ deleted: String(id) })
  },
  'GET courses': ({ site }) => done([...site.courses.all()].filter(({ id }) => id > 1)),
  'POST courses': ({ person }, fields) => {
    const { fullname, shortname } = fields
    if (typeof fullname !== 'string' || typeof shortname !== 'string')
      return wrong(400, '"fullname" and "shortname" are needed')
    return done(person.createCourse({ ...fields, fullname, shortname }), 201)
  },
  'GET enrolments': ({ site }) => done([...site.enrolments.all()]),
  'POST enrolments': ({ person }, { userid, courseid, ...options }) =>
    done(person.enrol(Number(userid), Number(courseid), options), 201),
  'POST grades': ({ site, person }, { username, ...fields }) => {
    const userid = fields['userid'] ?? site.users.by('username', username)[0]?.id
    if (userid === undefined)
      return wrong(400, '"userid", or the "username" of somebody who is here, is missing')
    return done(person.grade({ ...fields, userid: String(userid) }), 201)
  },
  'GET faults': ({ faults }) => done(faults.list),
  'POST faults': ({ faults }, fault) => {
    const { kind } = fault
    if (!faultKinds.some(each => each === kind))
      return wrong(400, `"kind" must be one of ${faultKinds.join(', ')}`)
    faults.add(fault as unknown as Fault)
    return done(faults.list, 201)
  },
  'DELETE faults': ({ faults }) => {
    faults.clear()
    return done([])
  },
  'GET log': ({ log }) => done(log()),
}
