/** What a state of the delivery's model is, and the ways to build the delivery wrong. */

/** Ways to build it wrong; each must be caught. */
export type Fault =
  | 'apply without comparing rev'
  | 'outbox as a second write'
  | 'event marked before it is applied'
  | 'park in one write'
  | 'park without reading again'
  | 'ack without comparing rev'
  | 'nothing left to wake after a crash'
  | 'writes without the lease'
  | 'dead without comparing rev'
  | 'dead forgets what was to be sent'
  | 'retry puts back what it had tried'
  | 'a refusal blocks its correction'
  | 'an event cancels the backoff'
  | 'a replay counts as the newest'
  | 'a replay of what is dead is unchanged'
  | 'a dead record is claimed'
  | 'mark without seeing the replay'

export interface DeliveryOptions {
  /** `C1`, `D2`: record and version. `C1!`: the remote refuses this version whenever it is sent. */
  readonly events: readonly string[]
  readonly crashes?: number
  /** How often a lease expires although its worker lives. */
  readonly liveExpiries?: number
  /** How often the remote fails in a way that may pass; half of the times it did what was asked. */
  readonly failures?: number
  /** How often a person replays an event. */
  readonly replays?: number
  /** The remote takes no older version after a newer one (Zoho: If-Unmodified-Since). */
  readonly conditional?: boolean
  readonly fault?: Fault
}

export interface Event {
  arrived: boolean
  done: boolean
}
export interface Stored {
  applied: number
  /** The version in the outbox; 0: empty. */
  outbox: number
  due: boolean
  leased: boolean
  linked: boolean
  waiting: boolean
  woke: boolean
  /** `notBefore` lies ahead. */
  backoff: boolean
  /** The remote was told that nothing comes before that time; only time ends this. */
  resting: boolean
  attempts: number
  dead: boolean
  /** Somebody asked for what is dead to be tried again, and nothing was tried yet. */
  asked: boolean
}
export interface Worker {
  job: 'apply' | 'push'
  at: string
  event: number
  record: number
  version: number
  fresh: boolean
  holds: boolean
  /** The event was not asked for again since it was taken. */
  current: boolean
}
export interface DeliveryState {
  events: Event[]
  records: Stored[]
  /** What the remote has of each record. */
  remote: number[]
  workers: (Worker | null)[]
  crashes: number
  liveExpiries: number
  failures: number
  replays: number
}

/** What the steps of a model are told. */
export interface Rules {
  readonly options: DeliveryOptions
  readonly events: readonly { readonly record: number; readonly version: number; readonly refused: boolean }[]
  readonly faulty: (fault: Fault) => boolean
}

export function rulesOf(options: DeliveryOptions): Rules {
  const events = options.events.map(text => ({
    record: text.startsWith('C') ? 0 : 1,
    version: Number(text[1]),
    refused: text.endsWith('!'),
  }))
  return { options, events, faulty: fault => options.fault === fault }
}

export const refuses = ({ events }: Rules, record: number, version: number): boolean =>
  events.some(event => event.record === record && event.version === version && event.refused)

const fresh = (): Stored => ({
  applied: 0,
  outbox: 0,
  due: false,
  leased: false,
  linked: false,
  waiting: false,
  woke: false,
  backoff: false,
  resting: false,
  attempts: 0,
  dead: false,
  asked: false,
})
export const initialState = (options: DeliveryOptions): DeliveryState => ({
  events: options.events.map(() => ({ arrived: false, done: false })),
  records: [fresh(), fresh()],
  remote: [0, 0],
  workers: [null, null],
  crashes: options.crashes ?? 0,
  liveExpiries: options.liveExpiries ?? 0,
  failures: options.failures ?? 0,
  replays: options.replays ?? 0,
})

export const copy = (s: DeliveryState): DeliveryState => ({
  ...s,
  events: s.events.map(event => ({ ...event })),
  records: s.records.map(record => ({ ...record })),
  remote: [...s.remote],
  workers: s.workers.map(worker => (worker ? { ...worker } : null)),
})

const bits = (...flags: boolean[]): number => flags.reduce((sum, flag) => sum * 2 + (flag ? 1 : 0), 0)

/** Workers are alike: who does what makes no difference. */
export function key(s: DeliveryState): string {
  const events = s.events.map(({ arrived, done }) => bits(arrived, done)).join('')
  const records = s.records.map(
    r =>
      `${r.applied}${r.outbox}${r.attempts}${bits(r.due, r.leased, r.linked, r.waiting, r.woke, r.backoff, r.resting, r.dead, r.asked)}`,
  )
  const workers = s.workers
    .map(w => (w ? `${w.at}${w.event}${w.record}${w.version}${bits(w.fresh, w.holds, w.current)}` : ''))
    .sort()
  return `${events}/${records}/${s.remote}/${workers}/${s.crashes}${s.liveExpiries}${s.failures}${s.replays}`
}
