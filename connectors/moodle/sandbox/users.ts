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
  address: 255,
  institution: 255,
  department: 255,
}

function checkLengths(fields: Readonly<Record<string, unknown>>): void {
  for (const [name, length] of Object.entries(lengths))
    if (typeof fields[name] === 'string' && [...(fields[name] as string)].length > length)
      throw databaseFailed()
}

const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' })

/** A country that Moodle's list does not have is emptied, without a word. */
function country({ country: code }: Readonly<Record<string, unknown>>): { country?: string } {
  if (typeof code !== 'string') return {}
  return { country: /^[A-Z]{2}$/.test(code) && code !== 'ZZ' && names.of(code) !== undefined ? code : '' }
}

export function insertUser(
  site: Site,
  fields: Readonly<Record<string, unknown>> & { username: string; email: string },
  origin: Origin,
): UserRow {
  const stored = { ...fields, ...country(fields) }
  checkLengths(stored)
  const user = site.users.insert(newUser(site, stored))
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
  const stored = { ...changes, ...country(changes) }
  checkLengths(stored)
  const { username, email } = changes
  if (typeof username === 'string' && site.users.by('username', username).some(({ id }) => id !== user.id))
    throw databaseFailed()
  const changed = site.users.update(user.id, {
    ...stored,
    ...(typeof email === 'string' ? { emailkey: email.toLowerCase() } : {}),
    timemodified: site.time(),
  })
  site.raise({ type: 'user_updated', origin, data: userPayload(changed) })
  return changed
}
