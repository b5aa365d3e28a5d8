/** A college whose delivery lives on a clock that a test turns; Agenda is off unless it is asked for. */
import { setTimeout as pause } from 'node:timers/promises'
import type { MongoClient } from 'mongodb'
import { type College, type CollegeOptions, openCollege } from '../e2e/college.ts'

/** So long the clock stands at most while something is due, in milliseconds of real time. */
const STANDS_MS = 30_000
/** Longer than the store's operations are waited for: the driver does not tell how such a command ended. */
const GIVEN_UP_MS = 15_000

export interface ClockedCollege {
  readonly college: College
  readonly now: () => number
  /**
   * The clock goes on by `ms`; what is due then is done before this resolves. Where that takes very long, the clock
   * goes on: a lease whose batch failed ends by time alone.
   */
  turn(ms: number): Promise<void>
  /** As `turn`, to the next moment at which anything is due, `most` ahead at the latest. */
  next(most: number): Promise<void>
}

export async function openClocked(options: CollegeOptions = {}): Promise<ClockedCollege> {
  let clock = Date.now()
  const now = () => clock
  const college = await openCollege({
    ...options,
    monitorCommands: true,
    moodle: { ...options.moodle, now },
    engine: { now, scheduler: options.engine?.scheduler ?? false },
  })
  const { db } = college.engine.store
  const collections = ['records', 'deliveries', 'gates'].map(name => db.collection(name))
  const [records, deliveries, gates] = collections as [
    (typeof collections)[number],
    (typeof collections)[number],
    (typeof collections)[number],
  ]
  const commands = new Map<number, number>()
  const client = db.client as unknown as MongoClient
  client.on('commandStarted', ({ requestId }) => void commands.set(requestId, Date.now()))
  for (const end of ['commandSucceeded', 'commandFailed'] as const)
    client.on(end, (event: { requestId: number }) => void commands.delete(event.requestId))
  const asking = () => [...commands.values()].some(since => Date.now() - since < GIVEN_UP_MS)

  /** Nothing is due, no gate has its turn, and the engine asks the store for nothing. */
  async function quiet(): Promise<boolean> {
    await college.zoho.announced()
    const at = new Date(clock)
    const open = await Promise.all([
      // What is leased is due.
      records.countDocuments({ dueAt: { $lte: at } }),
      deliveries.countDocuments({ dueAt: { $lte: at } }),
      gates.countDocuments({ openAt: { $lte: at } }),
    ])
    return !asking() && open.every(count => count === 0)
  }

  async function turn(ms: number): Promise<void> {
    clock += ms
    const begun = Date.now()
    // Twice, since between two commands of the engine there is a moment with none.
    for (let times = 0; times < 2; ) {
      times = (await quiet()) ? times + 1 : 0
      if (times === 0) college.engine.delivery.ring()
      if (Date.now() - begun > STANDS_MS) clock += 1000
      await pause(3)
    }
  }

  return {
    college,
    now,
    turn,
    async next(most) {
      const later = (field: string) => ({ [field]: { $gt: new Date(clock) } })
      const times = await Promise.all([
        ...[records, deliveries].map(each => each.find(later('dueAt')).sort({ dueAt: 1 }).limit(1).toArray()),
        gates.find(later('openAt')).sort({ openAt: 1 }).limit(1).toArray(),
      ])
      const ahead = times.flat().map(each => ((each['dueAt'] ?? each['openAt']) as Date).getTime() - clock)
      await turn(Math.max(1000, Math.min(most, ...ahead)))
    },
  }
}
