import type { IncomingMessage } from 'node:http'
import { databaseFailed, invalidToken, MoodleException, moodleException, noRecord } from './exceptions.ts'
import type { Fault } from './faults.ts'
import { functions, unlisted } from './functions/index.ts'
import { maintenancePage } from './maintenance-page.ts'
import { object, validate } from './parameters.ts'
import { type PhpArray, parseForm, phpJson } from './php.ts'
import type { Site } from './site.ts'

export interface RestAnswer {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
  /** How the connection is to be treated instead of the answer being sent whole. */
  readonly cut?: 'refuse' | 'drop' | 'half'
  readonly errorcode?: string
}

const JSON_TYPE = 'application/json'
const HTML = 'text/html; charset=utf-8'

/** The parameters of a call, and Moodle's own three among them. */
export interface RestCall {
  readonly name: string
  readonly token: string
  readonly json: boolean
  readonly parameters: PhpArray
}

/** Only a form is read, and the query: PHP fills `$_POST` from nothing else. */
export function readCall(request: IncomingMessage, body: string, maxInputVars: number): RestCall {
  const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')
  const query = (request.url ?? '').split('?')[1] ?? ''
  const all = { ...parseForm(query, maxInputVars), ...(isForm ? parseForm(body, maxInputVars) : {}) }
  const { wstoken, wsfunction, moodlewsrestformat, ...parameters } = all
  return {
    name: typeof wsfunction === 'string' ? wsfunction : '',
    token: typeof wstoken === 'string' ? wstoken : '',
    json: moodlewsrestformat === 'json',
    parameters,
  }
}

/** What Moodle's REST server answers, the fault's doing included. */
export function answerCall(site: Site, token: string, call: RestCall, fault: Fault | undefined): RestAnswer {
  switch (fault?.kind) {
    case 'busy':
      return {
        status: 429,
        type: HTML,
        body: 'Too Many Requests',
        headers: { 'retry-after': String(fault.retryAfter ?? 1) },
      }
    case 'error':
      return { status: 500, type: HTML, body: '' }
    case 'maintenance':
      return { status: 503, type: HTML, body: maintenancePage(site.sitename) }
    case 'web-services-off':
      return { status: 403, type: HTML, body: '' }
    case 'refuse':
      return { status: 200, type: JSON_TYPE, body: '', cut: 'refuse' }
  }
  const answer = carryOut(site, token, call, fault)
  switch (fault?.kind) {
    case 'drop':
      return { ...answer, cut: 'drop' }
    case 'half':
      return { ...answer, cut: 'half' }
    case 'notice':
      return {
        ...answer,
        body: `<br />\n<b>Notice</b>: Undefined variable: x in <b>/var/www/moodle/local/other/lib.php</b> on line <b>12</b><br />\n${answer.body}`,
      }
  }
  return answer
}

function carryOut(site: Site, token: string, call: RestCall, fault: Fault | undefined): RestAnswer {
  try {
    const result = site.transaction(() => run(site, token, call, fault))
    return { status: 200, type: JSON_TYPE, body: phpJson(result) }
  } catch (error) {
    if (!(error instanceof MoodleException)) throw error
    const body = error.body(site)
    const errorcode = error.errorcode ?? error.exception
    if (call.json) return { status: 200, type: JSON_TYPE, body: phpJson(body), errorcode }
    return { status: 200, type: 'application/xml; charset=utf-8', body: xml(body), errorcode }
  }
}

function run(site: Site, token: string, call: RestCall, fault: Fault | undefined): unknown {
  if (fault?.kind === 'site-maintenance')
    throw moodleException(
      'sitemaintenance',
      'The site is undergoing maintenance and is currently not available',
    )
  const administrator = call.token === site.adminToken
  if (fault?.kind === 'invalid-token' || (call.token !== token && !administrator)) throw invalidToken()
  if (fault?.kind === 'account-suspended')
    throw moodleException(
      'wsaccessusersuspended',
      `Refused web service access for suspended username: ${site.users.get(site.account)!.username}`,
    )
  if (fault?.kind === 'expired-token') throw accessException(call.name)
  const called = functions[call.name]
  if (site.unknown.has(call.name) || (called === undefined && !unlisted.has(call.name)))
    throw noRecord('external_functions', 'SELECT * FROM {external_functions} WHERE name = ?', [call.name])
  if (called === undefined || site.unlisted.has(call.name)) throw accessException(call.name)
  const parameters = validate(object(called.parameters), call.parameters) as { [key: string]: never }
  const result = site.as(administrator, () => called.run(site, parameters, 'ws'))
  if (fault?.kind === 'database') throw databaseFailed()
  if (fault?.kind === 'program-error')
    throw new MoodleException('TypeError', undefined, 'observer bug (Error)')
  return result
}

/** The text of debuginfo is indented as it stands in Moodle's source. */
const accessException = (name: string) =>
  new MoodleException(
    'webservice_access_exception',
    'accessexception',
    'Access control exception',
    [
      `Access to the function ${name}() is not allowed.`,
      'There could be multiple reasons for this:',
      '1. The service linked to the user token does not contain the function.',
      '2. The service is user-restricted and the user is not listed.',
      '3. The service is IP-restricted and the user IP is not listed.',
      '4. The service is time-restricted and the time has expired.',
      '5. The token is time-restricted and the time has expired.',
      '6. The service requires a specific capability which the user does not have.',
      '7. The function is called with username/password (no user token is sent)',
      'and none of the services has the function to allow the user.',
      'These settings can be found in Administration > Site administration',
      '> Server > Web services > External services and Manage tokens.',
    ].join(`\n${' '.repeat(21)}`),
  )

const xml = (body: Readonly<Record<string, string>>): string => {
  const escaped = (text: string) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
  const lines = Object.entries(body).flatMap(([name, value]) =>
    name === 'exception' ? [] : [`<${name.toUpperCase()}>${escaped(value)}</${name.toUpperCase()}>`],
  )
  return [
    '<?xml version="1.0" encoding="UTF-8" ?>',
    `<EXCEPTION class="${escaped(body['exception'] ?? '')}">`,
    ...lines,
    '</EXCEPTION>',
    '',
  ].join('\n')
}
