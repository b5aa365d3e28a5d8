import { DataError, type GateReason, RetryableError, SetupError, type WaslError } from '../../core/errors.ts'
import type { HttpAnswer, Json, Payload } from '../../core/plugin.ts'

/** What an answer of Moodle means. `where: 'resource'` shuts only the resource that was called. */
interface Verdict {
  readonly errorcodes: readonly string[]
  readonly raise: 'setup' | 'retry' | 'data'
  readonly code: string
  readonly where?: 'resource'
  readonly gate?: GateReason
  readonly at?: string
  readonly hint?: string
}

/**
 * Moodle's errorcode -> what happens next. The exception's class is never looked at (its namespace changed with
 * 4.5), nor the message (it is translated). Observed on Moodle 4.5.6 and 5.0.6 except where the README says so.
 */
export const verdicts: readonly Verdict[] = [
  {
    errorcodes: ['invalidtoken'],
    raise: 'setup',
    code: 'MOODLE_TOKEN',
    at: 'token',
    hint: 'make a new token in Moodle (Server > Web services > Manage tokens) and save it in the settings',
  },
  {
    errorcodes: ['accessexception', 'servicenotavailable'],
    raise: 'setup',
    code: 'MOODLE_FUNCTION',
    where: 'resource',
    at: 'token',
    hint: 'add the function to the service behind the token, or renew the token if it has expired',
  },
  {
    errorcodes: [
      'wsaccessusersuspended',
      'wsaccessuserdeleted',
      'wsaccessuserunconfirmed',
      'wsaccessuserexpired',
      'wsaccessusernologin',
    ],
    raise: 'setup',
    code: 'MOODLE_ACCOUNT',
    at: 'token',
    hint: 'the account that the token belongs to must be active in Moodle',
  },
  {
    errorcodes: [
      'nopermissions',
      'nopermission',
      'requireloginerror',
      'wsusercannotassign',
      'wscannotenrol',
      'criteriaerror',
      'cannotviewcategory',
    ],
    raise: 'setup',
    code: 'MOODLE_CAPABILITY',
    where: 'resource',
    at: 'token',
    hint: 'give the service account the capabilities listed in connectors/moodle/README.md, "wasl doctor" names those that fail',
  },
  {
    errorcodes: ['wsnoinstance', 'manualpluginnotinstalled'],
    raise: 'data',
    code: 'MOODLE_NO_MANUAL_ENROLMENT',
    at: 'courseid',
    hint: 'add the enrolment method "manual" to the course',
  },
  {
    errorcodes: ['sitemaintenance', 'upgraderunning', 'dbconnectionfailed'],
    raise: 'retry',
    code: 'MOODLE_MAINTENANCE',
    gate: 'outage',
  },
  {
    errorcodes: [
      'dmlwriteexception',
      'dmlreadexception',
      'dmltransactionexception',
      'dmlexception',
      'locktimeout',
      'sessioncannotobtainlock',
    ],
    raise: 'retry',
    code: 'MOODLE_DATABASE',
  },
  { errorcodes: ['shortnametaken'], raise: 'data', code: 'MOODLE_TAKEN', at: 'shortname' },
  {
    errorcodes: ['courseidnumbertaken', 'categoryidnumbertaken', 'idnumbertaken'],
    raise: 'data',
    code: 'MOODLE_TAKEN',
    at: 'idnumber',
  },
  {
    errorcodes: ['errorcatcontextnotvalid', 'unknowcategory', 'unknowncategory'],
    raise: 'data',
    code: 'MOODLE_NO_CATEGORY',
    at: 'categoryid',
  },
  {
    errorcodes: ['errorcoursecontextnotvalid'],
    raise: 'data',
    code: 'MOODLE_NO_COURSE',
    at: 'courseid',
    hint: 'the course is gone, or the service account may not enter it',
  },
  {
    errorcodes: ['sectionnone', 'sectiontoofar'],
    raise: 'data',
    code: 'MOODLE_NO_SECTION',
    at: 'sectionnumber',
    hint: 'change the number in the pipeline, or the format of the course',
  },
  { errorcodes: ['invaliduser', 'userdeleted'], raise: 'data', code: 'MOODLE_NO_USER', at: 'userid' },
  { errorcodes: ['invalidrecord', 'invalidrecordunknown'], raise: 'data', code: 'MOODLE_NO_RECORD' },
  { errorcodes: ['useremailduplicate'], raise: 'data', code: 'MOODLE_TAKEN', at: 'email' },
  { errorcodes: ['useremailinvalid'], raise: 'data', code: 'MOODLE_INVALID', at: 'email' },
  {
    errorcodes: ['usernamelowercase', 'invalidusername'],
    raise: 'data',
    code: 'MOODLE_INVALID',
    at: 'username',
  },
  {
    errorcodes: ['usernotupdatedadmin', 'usernotupdatedguest', 'usernotupdatedremote'],
    raise: 'data',
    code: 'MOODLE_PROTECTED',
    at: 'id',
    hint: 'this is an account that Moodle lets nobody change from outside',
  },
  {
    errorcodes: ['invaliduserid', 'usernotupdateddeleted', 'usernotupdatednotexist'],
    raise: 'data',
    code: 'REMOTE_GONE',
    at: 'id',
  },
  { errorcodes: ['invalidparameter'], raise: 'data', code: 'MOODLE_INVALID' },
]

const byErrorcode = new Map(
  verdicts.flatMap(verdict => verdict.errorcodes.map(errorcode => [errorcode, verdict] as const)),
)

/** What Moodle said went wrong. `debuginfo` is not taken over: it holds SQL and other people's data. */
export interface Refusal {
  readonly errorcode?: string
  readonly message: string
  /** Names of parameters that a type error of Moodle names, outermost first; only with debugging on. */
  readonly parameters: readonly string[]
}

/** The exception in an answer with HTTP 200, or undefined where the answer is none. */
export function refusalIn(body: Json): Refusal | undefined {
  if (body === null || typeof body !== 'object' || Array.isArray(body) || !('exception' in body))
    return undefined
  const { errorcode, message, debuginfo } = body
  return {
    ...(typeof errorcode === 'string' && errorcode !== '' ? { errorcode } : {}),
    message: typeof message === 'string' ? plainText(message) : '',
    parameters:
      typeof debuginfo === 'string' ? [...debuginfo.matchAll(/(\w+) => /g)].map(match => match[1]!) : [],
  }
}

/** The error for a refusal or a warning. `resource` is whose call it was, `call` the function. */
export function errorOf(refusal: Refusal, call: string, resource: string): WaslError {
  const { errorcode, message, parameters } = refusal
  const said = message === '' ? '' : `: ${message}`
  if (errorcode === undefined)
    return new RetryableError('MOODLE_INTERNAL', `a program error inside Moodle ended ${call}${said}`, {
      remote: 'moodle',
      hint: "Moodle's own log says more; an observer of one of its plugins is the usual cause",
    })
  const verdict = byErrorcode.get(errorcode)
  if (verdict === undefined)
    return new DataError('MOODLE_REFUSED', `Moodle refused ${call} (${nameOf(errorcode)})${said}`, {
      remote: 'moodle',
    })
  const at = verdict.at ?? parameters.at(-1)
  const place = {
    remote: 'moodle',
    ...(at === undefined ? {} : { at }),
    ...(verdict.hint === undefined ? {} : { hint: verdict.hint }),
  }
  const text = `Moodle answered ${errorcode} to ${call}${said}`
  if (verdict.raise === 'data') return new DataError(verdict.code, text, place)
  if (verdict.raise === 'retry')
    return new RetryableError(verdict.code, text, { ...place, gate: verdict.gate })
  return new SetupError(verdict.code, text, verdict.where === 'resource' ? { ...place, resource } : place)
}

/** The error for an HTTP status other than 200, undefined for 200. `writes`: the call may have taken effect. */
export function errorOfStatus(answer: HttpAnswer, call: string, writes: boolean): WaslError | undefined {
  const { status } = answer
  if (status === 200) return undefined
  const text = `Moodle answered HTTP ${status} to ${call}`
  const retryAfterMs = secondsIn(answer.headers['retry-after'])
  if (status === 429)
    return new RetryableError('MOODLE_BUSY', text, { remote: 'moodle', gate: 'busy', retryAfterMs })
  if (status === 503)
    return new RetryableError('MOODLE_MAINTENANCE', text, { remote: 'moodle', gate: 'outage', retryAfterMs })
  if (status >= 500)
    return new RetryableError('MOODLE_OUTAGE', text, { remote: 'moodle', gate: 'outage', ambiguous: writes })
  if (status === 403 && answer.text === '')
    return new SetupError('MOODLE_WEB_SERVICES_OFF', `${text}, without a word`, {
      remote: 'moodle',
      at: 'url',
      hint: "switch on web services and the REST protocol in Moodle's advanced features",
    })
  return new SetupError('MOODLE_ADDRESS', text, {
    remote: 'moodle',
    at: 'url',
    hint: "check the address: it must be Moodle's own wwwroot, with https where Moodle uses it, and no firewall page before it",
  })
}

/** A date in place of seconds is rare enough to be waited for as if nothing was said. */
const secondsIn = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined

/** Moodle puts HTML where a sentence belongs (a password policy even in its errorcode). */
const plainText = (html: string): string =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200)

const nameOf = (errorcode: string): string =>
  /^[\w/-]{1,60}$/.test(errorcode) ? errorcode : 'no plain errorcode'

/** An answer with warnings (`core_user_update_users`, cohorts): each is about one item. */
export interface Warning {
  readonly item?: string
  readonly itemid?: string
  readonly refusal: Refusal
}

export function warningsIn(body: Json): readonly Warning[] {
  const list = (body as Payload | null)?.['warnings']
  if (!Array.isArray(list)) return []
  return list.map(entry => {
    const { item, itemid, warningcode, message } = (entry ?? {}) as Payload
    return {
      ...(typeof item === 'string' ? { item } : {}),
      ...(itemid === undefined || itemid === null ? {} : { itemid: String(itemid) }),
      refusal: {
        errorcode: warningcode === undefined ? 'warning' : String(warningcode),
        message: typeof message === 'string' ? plainText(message) : '',
        parameters: [],
      },
    }
  })
}
