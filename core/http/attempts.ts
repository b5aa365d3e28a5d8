/**
 * Wrong keys, counted by the address that they come from and by the key that they name. Beyond a number of them the
 * answer is 429 and nothing is looked up any more. A key that this engine has seen right before is judged all the same:
 * nobody is locked out by what others try, be it under their name or from behind their proxy. Signatures are not
 * counted here: an endpoint with the right secret is never refused for what was sent before.
 */

/** So many failures at once, and one more after each so many milliseconds. */
const BY_ADDRESS = { burst: 30, everyMs: 2_000 } as const
const BY_KEY = { burst: 10, everyMs: 10_000 } as const
/** Addresses, keys, and right keys that are remembered at most; the longest unused goes first. */
const MOST = 5_000

export interface Attempts {
  /** Seconds until another key from there is looked at; undefined: at once. `key`: its id, empty where it has none. */
  waitFor(address: string, key: string): number | undefined
  failed(address: string, key: string): void
  /** The key was right. */
  succeeded(key: string): void
  /** How much is remembered: never more than three times 5,000. */
  readonly size: number
}

/** `now`: milliseconds since 1970. */
export function createAttempts(now: () => number): Attempts {
  const addresses = createBuckets(BY_ADDRESS, now)
  const keys = createBuckets(BY_KEY, now)
  const right = new Map<string, true>()

  return {
    waitFor(address, key) {
      if (right.has(key)) return undefined
      const ms = Math.max(addresses.waitMs(networkOf(address)), keys.waitMs(key))
      return ms === 0 ? undefined : Math.ceil(ms / 1000)
    },
    failed(address, key) {
      addresses.take(networkOf(address))
      if (key !== '') keys.take(key)
    },
    succeeded(key) {
      keep(right, key, true)
    },
    get size() {
      return addresses.size + keys.size + right.size
    },
  }
}

function createBuckets({ burst, everyMs }: { burst: number; everyMs: number }, now: () => number) {
  const taken = new Map<string, { readonly count: number; readonly at: number }>()
  /** Taken and not given back yet, with the fraction that time has given. */
  const countOf = (name: string): number => {
    const bucket = taken.get(name)
    return bucket === undefined ? 0 : Math.max(0, bucket.count - Math.max(0, now() - bucket.at) / everyMs)
  }
  return {
    take: (name: string) => keep(taken, name, { count: Math.min(burst + 1, countOf(name) + 1), at: now() }),
    waitMs: (name: string) => Math.max(0, countOf(name) + 1 - burst) * everyMs,
    get size() {
      return taken.size
    },
  }
}

function keep<T>(map: Map<string, T>, name: string, value: T): void {
  map.delete(name)
  map.set(name, value)
  if (map.size <= MOST) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    break
  }
}

/** An IPv4 address as it is; of an IPv6 address the first 64 bits, since whoever has one has all behind them. */
export function networkOf(address: string): string {
  const four = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1]
  if (four !== undefined || !address.includes(':')) return four ?? address
  const [head = '', tail] = (address.split('%')[0] as string).split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0')
  const groups = tail === undefined ? left : [...left, ...zeros, ...right]
  return groups
    .slice(0, 4)
    .map(group => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':')
}
