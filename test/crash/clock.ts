/** A college whose delivery lives on a clock that a test turns; Agenda is off unless it is asked for. */
import { setTimeout as pause } from 'node:timers/promises'
import type { MongoClient } from 'mongodb'
import { type College, type CollegeOptions, openCollege } from '../e2e/college.ts'

export interface ClockedCollege {
  readonly college: College
  readonly now: () => number
  /** The clock goes on by `ms`; what is due then is done before this resolves. */
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
  let begun = 0
  let ended = 0
  const client = db.client as unknown as MongoClient
  client.on('commandStarted', () => {
    begun += 1
  })
  for (const end of ['commandSucceeded', 'commandFailed'] as const) {
    client.on(end, () => {
      ended += 1
    })
  }

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
    return begun === ended && open.every(count => count === 0)
  }

  async function turn(ms: number): Promise<void> {
    clock += ms
    // Twice, since between two commands of the engine there is a moment with none.
    for (let times = 0; times < 2; ) {
      times = (await quiet()) ? times + 1 : 0
      if (times === 0) college.engine.delivery.ring()
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
