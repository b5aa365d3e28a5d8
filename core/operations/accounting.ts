/** Whether everything that was accepted is somewhere: what came between two moments, counted by where it stands now. */
import type { EventState } from '../delivery/intake.ts'
import { statusOf } from '../delivery/status.ts'
import type { DeliveryFacts } from '../store/history.ts'
import type { Desk } from './desk.ts'
import { EVENT_STATES, recordsOf, rowsOf } from './events.ts'

const DELIVERIES_AT_ONCE = 500
/** One part looks at so many deliveries at most: a long window is several parts, each of which adds up. */
const MOST_PER_PART = 20_000
/** What no module has taken yet, or none can. */
const NO_MODULE = '-'

/** `lost`: it has no outcome and is not open either, or its record is gone. There must never be one. */
export type Standing = EventState | 'lost'

export type Counts = { readonly [standing in Standing]?: number } & {
  /** All that were accepted; the sum of the others. */
  readonly accepted: number
}

export interface Account {
  readonly from: string
  readonly to: string
  readonly deliveries: number
  readonly total: Counts
  /** By module; `-` holds what has none (yet). */
  readonly modules: { readonly [module: string]: Counts }
  /** Every event that was accepted has one standing, and none is lost. */
  readonly balanced: boolean
  /** The delivery at which the next part of the window begins; absent: this is all of it. */
  readonly next?: string
}

/** `from` included, `to` not. `after`: the `next` of the part before. */
export async function accountFor(desk: Desk, from: Date, to: Date, after?: string): Promise<Account> {
  const { store, tenant } = desk
  const sums = createSums()
  let deliveries = 0
  let looked = 0
  let last = after
  let more = true
  while (more && looked < MOST_PER_PART) {
    const page = await store.history.window(tenant.id, from, to, last, DELIVERIES_AT_ONCE)
    const meant = page.filter(({ receivedAt }) => receivedAt >= from && receivedAt < to)
    const rows = rowsOf(meant)
    const records = await recordsOf(desk, rows)
    for (const { delivery, event } of rows) {
      const { state } = statusOf(delivery, event, records.get(event.record ?? ''), tenant)
      const gone = event.record !== undefined && !records.has(event.record)
      sums.add(event.module ?? NO_MODULE, gone || isLost(delivery, state) ? 'lost' : state)
    }
    for (const { events } of meant) sums.accept(events.map(({ module = NO_MODULE }) => module))
    deliveries += meant.length
    looked += page.length
    last = page.at(-1)?._id ?? last
    more = page.length === DELIVERIES_AT_ONCE
  }
  return {
    from: from.toISOString(),
    to: to.toISOString(),
    deliveries,
    ...sums.result(),
    ...(more && last !== undefined ? { next: last } : {}),
  }
}

const isLost = ({ dueAt }: Pick<DeliveryFacts, 'dueAt'>, state: EventState): boolean =>
  state === 'open' && dueAt === undefined

/** The whole window, part by part. */
export async function accountForAll(desk: Desk, from: Date, to: Date): Promise<Account> {
  let whole = await accountFor(desk, from, to)
  while (whole.next !== undefined) whole = joined(whole, await accountFor(desk, from, to, whole.next))
  return whole
}

/** Two parts of one window. Pure. */
export function joined({ next: _, ...first }: Account, second: Account): Account {
  const modules: { [module: string]: Counts } = { ...first.modules }
  for (const [module, counts] of Object.entries(second.modules))
    modules[module] = added(modules[module] ?? { accepted: 0 }, counts)
  return {
    ...first,
    ...(second.next === undefined ? {} : { next: second.next }),
    deliveries: first.deliveries + second.deliveries,
    total: added(first.total, second.total),
    modules,
    balanced: first.balanced && second.balanced,
  }
}

function added(a: Counts, b: Counts): Counts {
  const sum: Record<string, number> = { ...a }
  for (const [standing, count] of Object.entries(b)) sum[standing] = (sum[standing] ?? 0) + count
  return sum as Counts
}

/** What was accepted and where it stands are counted apart: that they agree is what is proved. */
function createSums() {
  const accepted = new Map<string, number>()
  const standing = new Map<string, Map<Standing, number>>()
  return {
    accept(modules: readonly string[]) {
      for (const module of modules) accepted.set(module, (accepted.get(module) ?? 0) + 1)
    },
    add(module: string, state: Standing) {
      const counts = standing.get(module) ?? new Map<Standing, number>()
      standing.set(module, counts)
      counts.set(state, (counts.get(state) ?? 0) + 1)
    },
    result(): Pick<Account, 'total' | 'modules' | 'balanced'> {
      const modules = Object.fromEntries(
        [...accepted]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([module, count]) => {
            const states = standing.get(module) ?? new Map<Standing, number>()
            const known = [...EVENT_STATES, 'lost' as const].flatMap(state =>
              states.has(state) ? [[state, states.get(state)] as const] : [],
            )
            return [module, { accepted: count, ...Object.fromEntries(known) } as Counts] as const
          }),
      )
      return {
        total: Object.values(modules).reduce(added, { accepted: 0 }),
        modules,
        balanced: Object.values(modules).every(addsUp),
      }
    },
  }
}

/** Pure. */
export function addsUp({ accepted, ...states }: Counts): boolean {
  const sum = Object.values(states).reduce((all, count) => all + count, 0)
  return sum === accepted && (states.lost ?? 0) === 0
}
