import { SetupError } from '../../core/errors.ts'
import type { Payload } from '../../core/plugin.ts'
import { listIn, type MoodleClient, unexpected } from './client.ts'

const NAME = 'moodle/user'
const FRESH_MS = 60_000
/** Every site gives its administrator id 2 when it is installed; one of these is somebody else than the account. */
const FIRST_IDS = Array.from({ length: 48 }, (_, index) => String(index + 2))

/**
 * Without the right capabilities Moodle answers a look-up as if nobody was there, and an engine that believes it
 * makes doubles. So "nobody" is believed only while another user can be seen with his email.
 */
export interface UserVisibility {
  /** Users that were seen: any of them proves the capability next time. */
  saw(users: readonly Payload[]): void
  /** Raises SetupError `MOODLE_USERS_HIDDEN` where other users cannot be seen; asks Moodle once a minute at most. */
  assured(signal: AbortSignal): Promise<void>
}

export function userVisibility(client: MoodleClient, now: () => number): UserVisibility {
  let assuredAt = Number.NEGATIVE_INFINITY
  let witness: string | undefined

  return {
    saw(users) {
      const seen = users.find(user => typeof user['id'] === 'string')
      if (seen !== undefined) witness = String(seen['id'])
    },

    async assured(signal) {
      if (now() - assuredAt < FRESH_MS) return
      const missing = await hiddenBy(client, witness, signal)
      if (missing !== undefined) throw hiddenUsers(missing)
      assuredAt = now()
    },
  }
}

/** The capability for want of which the account sees nobody else with his email; undefined where it sees somebody. */
export async function hiddenBy(
  client: MoodleClient,
  witness: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const name = 'core_user_get_users_by_field'
  const values = witness === undefined ? FIRST_IDS : [witness, ...FIRST_IDS]
  const { body } = await client.call(
    { name, parameters: { field: 'id', values }, resource: NAME, writes: false },
    signal,
  )
  const users = listIn(body, name)
  const { id, administrator } = await whoAmI(client, signal)
  if (administrator) return undefined
  const others = users.filter(user => String(user['id']) !== id)
  if (others.length === 0) return 'moodle/user:viewdetails'
  // Some show their email to everybody, as the first administrator does: they prove nothing.
  const shown = others.filter(user => typeof user['email'] === 'string').length
  return shown > others.length - shown ? undefined : 'moodle/site:viewuseridentity'
}

async function whoAmI(client: MoodleClient, signal: AbortSignal) {
  const name = 'core_webservice_get_site_info'
  const { body } = await client.call({ name, parameters: {}, resource: NAME, writes: false }, signal)
  if (body === null || typeof body !== 'object' || Array.isArray(body)) throw unexpected(name)
  return { id: String(body['userid']), administrator: body['userissiteadmin'] === true }
}

export const hiddenUsers = (missing: string) =>
  new SetupError(
    'MOODLE_USERS_HIDDEN',
    `the service account cannot see other users with their email: ${missing} is missing`,
    {
      at: 'token',
      remote: 'moodle',
      resource: NAME,
      hint: 'give its role moodle/user:viewdetails, moodle/user:viewalldetails and moodle/site:viewuseridentity; until then look-ups find nobody, and doubles would be made',
    },
  )
