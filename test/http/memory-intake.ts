import { createHash } from 'node:crypto'
import type { Arrival, EventStatus, Intake, Receipt } from '../../core/delivery/intake.ts'
import type { Json } from '../../core/plugin.ts'

/** An intake without a store or pipelines, for tests of what stands before it: a record says what becomes of it. */
export interface MemoryIntake extends Intake {
  readonly arrivals: Arrival[]
  open: boolean
  /** Raised by `accept` while it is set. */
  failure: Error | undefined
  /** Held until this ends, where it is set. */
  hold: Promise<void> | undefined
  /** Waits that run now, and their end. */
  readonly waiting: () => number
  release(): void
}

interface Kept {
  readonly receipt: Receipt
  readonly tenant: string
  readonly hash: string
}

export function memoryIntake(): MemoryIntake {
  const kept = new Map<string, Kept>()
  const arrivals: Arrival[] = []
  const waits = new Set<() => void>()

  const intake: MemoryIntake = {
    arrivals,
    open: true,
    failure: undefined,
    hold: undefined,
    waiting: () => waits.size,
    release: () => {
      for (const end of waits) end()
    },

    async accept(arrival) {
      if (intake.failure !== undefined) throw intake.failure
      await intake.hold
      const hash = createHash('sha256').update(arrival.raw).digest('hex')
      const key = `${arrival.tenant}|${arrival.senderId ?? arrivals.length}`
      const before = kept.get(key)
      if (before?.hash === hash) return { ...before.receipt, duplicate: true }
      arrivals.push(arrival)
      const id = `d${arrivals.length}`
      const receipt: Receipt = {
        id,
        ...(arrival.senderId === undefined ? {} : { notification_id: arrival.senderId }),
        duplicate: false,
        ...(before === undefined ? {} : { id_reused: true }),
        events: arrival.body === undefined ? [] : eventsOf(id, arrival),
      }
      kept.set(before === undefined ? key : `${key}|${hash}`, { receipt, tenant: arrival.tenant, hash })
      return receipt
    },

    async settled(tenant, id, ms) {
      const receipt = [...kept.values()].find(
        each => each.tenant === tenant && each.receipt.id === id,
      )!.receipt
      if (receipt.events.some(event => event.state === 'open')) {
        await new Promise<void>(resolve => {
          const timer = setTimeout(() => end(), ms)
          const end = () => {
            clearTimeout(timer)
            waits.delete(end)
            resolve()
          }
          waits.add(end)
        })
      }
      return receipt
    },

    async status(tenant, ids) {
      return [...kept.values()]
        .filter(each => each.tenant === tenant)
        .flatMap(each => each.receipt.events)
        .filter(event => ids.includes(event.id) || ids.includes(event.notification_id ?? ''))
    },
  }
  return intake
}

function eventsOf(delivery: string, { body, channel }: Arrival): EventStatus[] {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return []
  const list = channel === 'batch' ? Object.values(body).find(value => Array.isArray(value)) : undefined
  const records = (list as Json[] | undefined) ?? [body]
  return records.map((record, index): EventStatus => {
    const facts = record !== null && typeof record === 'object' && !Array.isArray(record) ? record : {}
    return { module: 'student', state: 'NEW', ...(facts as Partial<EventStatus>), id: `${delivery}-${index}` }
  })
}
