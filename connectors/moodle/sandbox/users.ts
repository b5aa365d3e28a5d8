import { databaseFailed } from './exceptions.ts'
import { userPayload } from './payloads.ts'
import { newUser, type Origin, type Site, type UserRow } from './site.ts'

/** Lengths of the columns; the database refuses what is longer. */
const lengths: Readonly<Record<string, number>> = {
  username: 100,
  email: 100,
  firstname: 100,
  lastname: 100,
  idnumber: 255,
  phone1: 20,
  phone2: 20,
  city: 120,
  country: 2,
  address: 255,
  institution: 255,
  department: 255,
}

function checkLengths(fields: Readonly<Record<string, unknown>>): void {
  for (const [name, length] of Object.entries(lengths))
    if (typeof fields[name] === 'string' && [...(fields[name] as string)].length > length)
      throw databaseFailed()
}

export function insertUser(
  site: Site,
  fields: Readonly<Record<string, unknown>> & { username: string; email: string },
  origin: Origin,
): UserRow {
  checkLengths(fields)
  const user = site.users.insert(newUser(site, fields))
  site.raise({ type: 'user_created', origin, data: userPayload(user) })
  return user
}

/** Moodle tells of an update even where nothing changed. */
export function changeUser(
  site: Site,
  user: UserRow,
  changes: Readonly<Record<string, unknown>>,
  origin: Origin,
): UserRow {
  checkLengths(changes)
  const { username, email } = changes
  if (typeof username === 'string' && site.users.by('username', username).some(({ id }) => id !== user.id))
    throw databaseFailed()
  const changed = site.users.update(user.id, {
    ...changes,
    ...(typeof email === 'string' ? { emailkey: email.toLowerCase() } : {}),
    timemodified: site.time(),
  })
  site.raise({ type: 'user_updated', origin, data: userPayload(changed) })
  return changed
}
