import {
  invalidParameter,
  invalidWarning,
  MoodleException,
  moodleException,
  noCapability,
  noUser,
} from '../exceptions.ts'
import { list, object, optional, required } from '../parameters.ts'
import { deleteUser } from '../person.ts'
import type { Origin, Site, UserRow } from '../site.ts'
import { changeUser, insertUser } from '../users.ts'
import { type Fields, type Functions, int, isTrue, rows, text, texts } from './function.ts'
import { userDetails } from './user-details.ts'

const profile = {
  firstnamephonetic: optional('notags'),
  lastnamephonetic: optional('notags'),
  middlename: optional('notags'),
  alternatename: optional('notags'),
  interests: optional('text'),
  idnumber: optional('raw'),
  institution: optional('text'),
  department: optional('text'),
  phone1: optional('notags'),
  phone2: optional('notags'),
  address: optional('text'),
  lang: optional('lang'),
  calendartype: optional('plugin'),
  theme: optional('plugin'),
  mailformat: optional('int'),
  customfields: list(object({ type: required('alphanumext'), value: required('raw') }), true),
  preferences: list(object({ type: required('raw'), value: required('raw') }), true),
}
const place = {
  maildisplay: optional('int'),
  city: optional('text'),
  country: optional('alpha'),
  timezone: optional('raw'),
  description: optional('raw'),
}
const created = object({
  createpassword: optional('bool'),
  username: required('username'),
  auth: optional('auth', 'manual'),
  password: optional('raw'),
  firstname: required('notags'),
  lastname: required('notags'),
  email: required('raw_trimmed'),
  ...place,
  ...profile,
})
const updated = object({
  id: required('int'),
  username: optional('username'),
  auth: optional('auth'),
  suspended: optional('bool'),
  password: optional('raw'),
  firstname: optional('notags'),
  lastname: optional('notags'),
  email: optional('raw_trimmed'),
  ...place,
  userpicture: optional('int'),
  ...profile,
})

const external = new Set(['ldap', 'oauth2', 'db', 'cas', 'shibboleth'])
/** Criteria of `core_user_get_users`: some are compared by LIKE, the others whole. */
const searched = new Set(['email', 'firstname', 'lastname'])
const compared = new Set(['id', 'idnumber', 'username', 'auth'])
/** As PHP's `validate_email` lets through. */
export const isEmail = (email: string): boolean =>
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z0-9-]{2,}$/.test(email)

export const userFunctions: Functions = {
  core_user_create_users: {
    parameters: { users: list(created) },
    run(site, parameters, origin) {
      if (!site.has('moodle/user:create')) throw noCapability('Create users')
      return rows(parameters['users']).map(user => createOne(site, user, origin))
    },
  },

  core_user_update_users: {
    parameters: { users: list(updated) },
    run(site, parameters, origin) {
      if (!site.has('moodle/user:update')) throw noCapability('Update user profiles')
      const warnings: { item: string; itemid: number; warningcode: string; message: string }[] = []
      for (const user of rows(parameters['users'])) {
        try {
          updateOne(site, user, origin)
        } catch (error) {
          if (!(error instanceof MoodleException)) throw error
          const { errorcode = '', message = '' } = error.body(site)
          warnings.push({ item: 'user', itemid: int(user['id']), warningcode: errorcode, message })
        }
      }
      const odd = warnings.find(({ warningcode }) => /[^A-Za-z0-9]/.test(warningcode))
      if (odd !== undefined) throw invalidWarning(odd.warningcode)
      return { warnings }
    },
  },

  core_user_get_users_by_field: {
    parameters: { field: required('alpha'), values: list(required('raw')) },
    run(site, parameters) {
      const field = text(parameters['field'])
      if (!['id', 'idnumber', 'username', 'email'].includes(field))
        throw new MoodleException(
          'core\\exception\\coding_exception',
          'codingerror',
          'Coding error detected, it must be fixed by a programmer: invalid field parameter',
          `The search field '${field}' is not supported, look at the web service documentation`,
        )
      const values = texts(parameters['values'])
      for (const value of values) checkValue(field, value)
      const found = new Map<number, UserRow>()
      for (const value of values) for (const user of usersBy(site, field, value)) found.set(user.id, user)
      return [...found.values()]
        .sort((a, b) => a.id - b.id)
        .map(user => userDetails(site, user))
        .filter(details => details !== null && details[field] !== undefined)
    },
  },

  core_user_get_users: {
    parameters: { criteria: list(object({ key: required('alpha'), value: required('raw') })) },
    run(site, parameters) {
      const asked = rows(parameters['criteria']).map(({ key, value }) => [text(key), text(value)] as const)
      const criteria = asked.filter(([key]) => searched.has(key) || compared.has(key))
      const users = [...site.users.all()].filter(
        user =>
          user.deleted === 0 &&
          criteria.every(([key, value]) => {
            const held = String(user[key] ?? '')
            if (searched.has(key)) return like(held, value)
            return site.same(held, key === 'username' ? cleanUsername(value) : value)
          }),
      )
      return {
        // Whoever does not show what was searched for is not found by it.
        users: users
          .map(user => userDetails(site, user))
          .filter(details => details !== null && criteria.every(([key]) => Boolean(details[key]))),
        warnings: asked
          .filter(([key]) => !searched.has(key) && !compared.has(key))
          .map(([key]) => ({
            item: key,
            warningcode: 'invalidfieldparameter',
            message: `The search key '${key}' is not supported, look at the web service documentation`,
          })),
      }
    },
  },

  core_user_delete_users: {
    parameters: { userids: list(required('int')) },
    run(site, parameters, origin) {
      if (!site.has('moodle/user:delete')) throw noCapability('Delete users')
      for (const id of texts(parameters['userids']).map(Number)) {
        const user = site.users.get(id)
        if (user === undefined || user.deleted === 1)
          throw noUser('SELECT * FROM {user} WHERE id = ? AND deleted = ?', [id, 0])
        deleteUser(site, user, origin === 'cli' ? 'web' : origin)
      }
      return null
    },
  },
}

function createOne(site: Site, fields: Fields, origin: Origin): unknown {
  for (const name of ['username', 'firstname', 'lastname'])
    if (text(fields[name]).trim() === '') throw invalidParameter(`The field ${name} cannot be blank`)
  const [username, email, auth] = [text(fields['username']), text(fields['email']), text(fields['auth'])]
  if (site.users.by('username', username).length > 0)
    throw invalidParameter(`Username already exists: ${username}`)
  const password = text(fields['password'])
  if (!external.has(auth) && password === '' && !isTrue(fields['createpassword']))
    throw invalidParameter('Invalid password: you must provide a password, or set createpassword.')
  if (!isEmail(email)) throw invalidParameter(`Email address is invalid: ${email}`)
  if (emailHolder(site, email) !== undefined) throw invalidParameter(`Email address already exists: ${email}`)
  if (!isTrue(fields['createpassword']) && password !== '') checkPassword(password)
  const { createpassword: _, password: __, ...row } = fields
  const user = insertUser(site, { ...row, username, email }, origin)
  return { id: user.id, username }
}

function updateOne(site: Site, fields: Fields, origin: Origin): void {
  const { id: _, ...changes } = fields
  const user = site.users.get(int(fields['id']))
  if (user === undefined) throw moodleException('invaliduserid', 'Invalid user ID', 'Invalid user ID')
  if (user.id === 2)
    throw moodleException(
      'usernotupdatedadmin',
      'Cannot update admin accounts',
      'Cannot update admin accounts',
    )
  if (user.deleted === 1)
    throw moodleException('usernotupdateddeleted', 'error/usernotupdateddeleted', 'User is a deleted user')
  if (user.id === 1)
    throw moodleException('usernotupdatedguest', 'error/usernotupdatedguest', 'Cannot update guest account')
  const { email } = changes
  if (typeof email === 'string' && email !== user.email) {
    if (!isEmail(email))
      throw moodleException('useremailinvalid', 'error/useremailinvalid', 'Invalid email address')
    const holder = emailHolder(site, email)
    if (holder !== undefined && holder.id !== user.id)
      throw moodleException('useremailduplicate', 'Duplicate address', 'Duplicate email address')
  }
  const { password, suspended, ...row } = changes
  if (text(password) !== '') checkPassword(text(password))
  changeUser(site, user, suspended === undefined ? row : { ...row, suspended: Number(suspended) }, origin)
}

const emailHolder = (site: Site, email: string): UserRow | undefined =>
  site.users.by('emailkey', email.toLowerCase()).find(({ deleted }) => deleted === 0)

function usersBy(site: Site, field: string, value: string): readonly UserRow[] {
  if (field !== 'id') return site.having(site.users, field, value)
  const user = site.users.get(Number(value))
  return user === undefined ? [] : [user]
}

const cleanUsername = (value: string): string =>
  value
    .trim()
    .toLowerCase()
    .replace(/[^-.@_a-z0-9]/g, '')

/** `clean_param` of each value must change nothing, or the whole call is refused. */
function checkValue(field: string, value: string): void {
  const clean =
    field === 'id'
      ? String(Number.parseInt(value, 10) || 0)
      : field === 'username'
        ? cleanUsername(value)
        : field === 'email'
          ? value.trim()
          : value
  if (clean !== value)
    throw invalidParameter(`The field '${field}' value is invalid: ${value}(cleaned value: ${clean})`)
}

/** SQL's LIKE without regard to case, with both wildcards: Moodle escapes neither. */
function like(text: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.')
  return new RegExp(`^${source}$`, 'isu').test(text)
}

function checkPassword(password: string): void {
  const faults = [
    [password.length >= 8, 'Passwords must be at least 8 characters long.'],
    [/\d/.test(password), 'Passwords must have at least 1 digit(s).'],
    [/[a-z]/.test(password), 'Passwords must have at least 1 lower case letter(s).'],
    [/[A-Z]/.test(password), 'Passwords must have at least 1 upper case letter(s).'],
    [
      /[^A-Za-z0-9]/.test(password),
      'The password must have at least 1 special character(s) such as *, -, or #.',
    ],
  ].flatMap(([good, message]) => (good === true ? [] : [`<div>${message}</div>`]))
  if (faults.length > 0) throw moodleException(faults.join(''), `error/${faults.join('')}`)
}
