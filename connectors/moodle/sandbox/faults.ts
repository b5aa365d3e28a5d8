/** What the sandbox can be told to do wrong. All but `latency` and `debug-page` stand in for an answer. */
export const faultKinds = [
  /** HTTP 429 with Retry-After. */
  'busy',
  /** HTTP 500 with an empty body. */
  'error',
  /** HTTP 503 with the page of CLI maintenance mode. */
  'maintenance',
  /** HTTP 200 `sitemaintenance`: maintenance switched on in Moodle's settings. */
  'site-maintenance',
  /** HTTP 403 with an empty body: web services or REST switched off. */
  'web-services-off',
  'invalid-token',
  /** `accessexception`, as for an expired token's first call. */
  'expired-token',
  /** The account behind the token was suspended. */
  'account-suspended',
  /** `dmlwriteexception`, nothing is stored. */
  'database',
  /** A TypeError inside Moodle: no errorcode, nothing is stored. */
  'program-error',
  /** The connection is closed before anything is done. */
  'refuse',
  /** What was asked is done, then the connection is closed without an answer. */
  'drop',
  /** What was asked is done, then half of the answer is sent. */
  'half',
  /** What was asked is done, and a notice of PHP stands before the answer. */
  'notice',
  /** The answer comes `ms` later. */
  'latency',
] as const

export type FaultKind = (typeof faultKinds)[number]

export interface Fault {
  readonly kind: FaultKind
  /** Calls that it hits. Default 1. */
  readonly times?: number
  /** Only this function, or functions whose names begin with it. */
  readonly function?: string
  /** Only functions that change something. */
  readonly writes?: boolean
  /** For `latency`. Default 1000. */
  readonly ms?: number
  /** For `busy`: seconds of Retry-After. Default 1. */
  readonly retryAfter?: number
}

export interface Faults {
  add(fault: Fault): void
  /** The first fault that this call meets, counted down. */
  meet(name: string): Fault | undefined
  clear(): void
  readonly list: readonly Fault[]
}

export function createFaults(): Faults {
  let faults: { fault: Fault; left: number }[] = []
  return {
    add: fault => void faults.push({ fault, left: fault.times ?? 1 }),
    meet(name) {
      const met = faults.find(({ fault }) => {
        if (fault.function !== undefined && !name.startsWith(fault.function)) return false
        return fault.writes !== true || changes(name)
      })
      if (met === undefined) return undefined
      met.left--
      faults = faults.filter(({ left }) => left > 0)
      return met.fault
    },
    clear() {
      faults = []
    },
    get list() {
      return faults.map(({ fault, left }) => ({ ...fault, times: left }))
    },
  }
}

/** Moodle's functions say in their names whether they change something. */
const changes = (name: string): boolean => !/_(get|search)_/.test(name)
