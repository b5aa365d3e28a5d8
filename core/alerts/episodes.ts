/** What people are told of, out of what is seen. Pure. */
import type { Reason } from '../reasons/reasons.ts'

export const KINDS = [
  'dead_letters',
  'gate_closed',
  'key_expiring',
  'connection_expiring',
  'clock',
  'disk_full',
] as const
export type Kind = (typeof KINDS)[number]

/** A gate that is closed so long is told; one for a token or a setting, which no waiting mends, at once. */
const GATE_MS = 15 * 60_000
/** What lasts days is renewed each day; told so long before, it can be mended by hand. */
const CONNECTION_MS = 12 * 3_600_000
/** Signatures count for five minutes: beyond that every right request is refused. */
const CLOCK_S = 120
const KEY_MS = 7 * 24 * 3_600_000

export interface Episode {
  readonly kind: Kind
  /** Absent: it is the installation's. */
  readonly tenant?: string
  /** The remote, the key; what tells one episode from another of its kind. */
  readonly subject: string
  /** In ISO 8601. */
  readonly since?: string
  readonly count?: number
  readonly code?: string
  readonly explained?: Reason
}

export interface Seen {
  readonly tenant: string
  /** The first page of its dead letters, and whether there are more. */
  readonly letters: readonly { readonly code?: string; readonly explained?: Reason }[]
  readonly gates: readonly {
    readonly remote: string
    readonly reason: string
    readonly code: string
    readonly closedAt: string
    readonly records: number
    readonly opening: boolean
    readonly explained?: Reason
  }[]
  readonly keys: readonly { readonly id: string; readonly expiresAt?: Date }[]
  /** Tokens and channels; `at`: milliseconds since 1970. */
  readonly expiring: readonly {
    readonly remote: string
    readonly what: string
    readonly at: number
    readonly renews: boolean
  }[]
  /** How many seconds the store's clock is ahead of a remote's. */
  readonly clocks: readonly { readonly remote: string; readonly ahead: number }[]
}

/** `now`: milliseconds since 1970. */
export function episodesOf(
  { tenant, letters, gates, keys, expiring, clocks }: Seen,
  now: number,
): readonly Episode[] {
  const [first] = letters
  const dead: readonly Episode[] =
    first === undefined
      ? []
      : [{ kind: 'dead_letters', tenant, subject: 'all', count: letters.length, ...reasonOf(first) }]
  const closed = gates
    .filter(gate => {
      // A person's pause is known to people, and an opening gate needs none.
      if (gate.reason === 'paused' || gate.opening) return false
      return gate.reason === 'token' || gate.reason === 'setup' || now - Date.parse(gate.closedAt) >= GATE_MS
    })
    .map(
      (gate): Episode => ({
        kind: 'gate_closed',
        tenant,
        subject: gate.remote,
        since: gate.closedAt,
        count: gate.records,
        ...reasonOf(gate),
      }),
    )
  const endingKeys = keys.flatMap(({ id, expiresAt }): Episode[] => {
    const left = expiresAt === undefined ? Number.POSITIVE_INFINITY : expiresAt.getTime() - now
    if (expiresAt === undefined || left <= 0 || left > KEY_MS) return []
    return [{ kind: 'key_expiring', tenant, subject: id, since: expiresAt.toISOString() }]
  })
  const ending = expiring
    .filter(({ at, renews }) => !renews && at - now <= CONNECTION_MS)
    .map(
      ({ remote, what, at }): Episode => ({
        kind: 'connection_expiring',
        tenant,
        subject: `${remote} ${what}`,
        since: new Date(at).toISOString(),
      }),
    )
  const wrong = clocks
    .filter(({ ahead }) => Math.abs(ahead) >= CLOCK_S)
    .map(
      ({ remote, ahead }): Episode => ({ kind: 'clock', tenant, subject: remote, count: Math.round(ahead) }),
    )
  return [...dead, ...closed, ...endingKeys, ...ending, ...wrong]
}

/** `wanted`: percent that should be free. */
export function diskEpisode(free: number, size: number, wanted: number): readonly Episode[] {
  const percent = size === 0 ? 100 : (free / size) * 100
  return percent < wanted ? [{ kind: 'disk_full', subject: 'data', count: Math.floor(percent) }] : []
}

const reasonOf = ({ code, explained }: { readonly code?: string; readonly explained?: Reason }) => ({
  ...(code === undefined ? {} : { code }),
  ...(explained === undefined ? {} : { explained }),
})
