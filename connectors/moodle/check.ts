import { WaslError } from '../../core/errors.ts'
import type { Check } from '../../core/plugin.ts'
import { capabilityCheck } from './capabilities.ts'
import { isObject, type MoodleClient, unexpected } from './client.ts'
import { needs } from './needs.ts'
import { DEFAULT_ROLES, type MoodleSettings } from './settings.ts'
import { hiddenBy, hiddenUsers } from './visibility.ts'

/** Moodle 4.5.0: older ones get no security fixes any more, and this connector was not tried on them. */
const OLDEST = 2024100700

/** What `doctor` says: token and site, version, functions of the service, sight of other users. Raises nothing of ours. */
export async function check(
  client: MoodleClient,
  { roles }: Pick<MoodleSettings, 'roles'>,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  try {
    const name = 'core_webservice_get_site_info'
    const { body } = await client.call({ name, parameters: {}, resource: 'moodle', writes: false }, signal)
    if (!isObject(body)) throw unexpected(name)
    const allowed = new Set(
      Array.isArray(body['functions']) ? body['functions'].filter(isObject).map(each => each['name']) : [],
    )
    const checks = [
      passed('connection', `${String(body['sitename'])} answers, the account is ${String(body['username'])}`),
      versionCheck(String(body['version'] ?? ''), String(body['release'] ?? '')),
      ...Object.entries(needs).map(([what, { functions }]) => functionCheck(what, functions, allowed)),
    ]
    if (allowed.has('core_user_get_users_by_field')) checks.push(await visibilityCheck(client, signal))
    const account = String(body['userid'])
    checks.push(await capabilityCheck(client, account, allowed, { ...DEFAULT_ROLES, ...roles }, signal))
    return checks
  } catch (error) {
    if (!(error instanceof WaslError)) throw error
    return [failed('connection', error)]
  }
}

async function visibilityCheck(client: MoodleClient, signal: AbortSignal): Promise<Check> {
  const name = 'sight of users'
  try {
    const missing = await hiddenBy(client, undefined, signal)
    if (missing !== undefined) throw hiddenUsers(missing)
    return passed(name, 'the account sees other users with their email')
  } catch (error) {
    if (!(error instanceof WaslError)) throw error
    return failed(name, error)
  }
}

function versionCheck(version: string, release: string): Check {
  if (Number.parseFloat(version) >= OLDEST) return passed('version', `Moodle ${release}`)
  return {
    name: 'version',
    ok: false,
    message: `Moodle ${release} is too old`,
    hint: 'Moodle 4.5 or later is needed; older ones get no security fixes any more',
  }
}

function functionCheck(what: string, needed: readonly string[], allowed: ReadonlySet<unknown>): Check {
  const missing = needed.filter(each => !allowed.has(each))
  if (missing.length === 0) return passed(what, 'every function needed is in the service')
  return {
    name: what,
    ok: false,
    message: `not in the service behind the token: ${missing.join(', ')}`,
    hint: 'add them in Moodle (Server > Web services > External services > Functions), or leave it if no pipeline needs them',
  }
}

const passed = (name: string, message: string): Check => ({ name, ok: true, message })
const failed = (name: string, { message, hint }: WaslError): Check => ({
  name,
  ok: false,
  message,
  hint: hint ?? 'try again later; if it stays, look at what Moodle logged',
})
