/** What the sandbox can be told to do wrong. All off by default. */
export interface Faults {
  /** 429 TOO_MANY_REQUESTS, with `retryAfter` as Retry-After where that is given. */
  status429?: boolean
  retryAfter?: string
  /** 500 INTERNAL_ERROR. */
  status500?: boolean
  /** 503 with a page of HTML. */
  maintenance?: boolean
  /** The access token that was sent is taken back, and refused with INVALID_TOKEN. */
  invalidToken?: boolean
  /** The call is carried out, then the connection is closed without an answer. */
  drop?: boolean
  /** The call is carried out, then half of the answer is sent and the connection closed. */
  halfResponse?: boolean
  /** How often the faults above strike, then they are over. Default: until they are switched off. */
  times?: number
  /** Only calls whose path contains this text are struck by the faults above. */
  path?: string
  /** Only calls of this method are struck by the faults above. */
  method?: string
  /** The refresh token is refused (`invalid_code`), and so is every access token. */
  revoked?: boolean
  /** The token endpoint answers Access Denied, as after too many requests. */
  throttled?: boolean
  /** COQL and search do not see changes that are younger than this. */
  searchLagMs?: number
  /** Every answer is held back for this long. */
  latencyMs?: number
  /** Modules for which the user lacks the permission, or the token the scope. */
  permission?: string[]
  scope?: string[]
  /** Records that are locked against changes. */
  locked?: string[]
}

export type Strike = 'status429' | 'status500' | 'maintenance' | 'invalidToken' | 'drop' | 'halfResponse'
const strikes: readonly Strike[] = [
  'status429',
  'status500',
  'maintenance',
  'invalidToken',
  'drop',
  'halfResponse',
]

export interface FaultSwitch {
  readonly current: Readonly<Faults>
  /** Replaces what was set before. */
  set(faults: Faults): void
  clear(): void
  /** What befalls this call; counts it. */
  strike(method: string, path: string): Strike | undefined
}

export const createFaults = (): FaultSwitch => {
  let current: Faults = {}
  let left = Number.POSITIVE_INFINITY
  return {
    get current() {
      return current
    },
    set(faults) {
      current = { ...faults }
      left = faults.times ?? Number.POSITIVE_INFINITY
    },
    clear() {
      current = {}
    },
    strike(method, path) {
      if (left <= 0 || (current.path !== undefined && !path.includes(current.path))) return undefined
      if (current.method !== undefined && current.method !== method) return undefined
      const strike = strikes.find(name => current[name] === true)
      if (strike !== undefined) left--
      return strike
    },
  }
}
