/** A college whose delivery lives on a clock that a test turns; Agenda is off. */
import { setTimeout as pause } from 'node:timers/promises'
import { type College, type CollegeOptions, openCollege } from '../e2e/college.ts'

export interface ClockedCollege {
  readonly college: College
  readonly now: () => number
  /** The clock goes on by `ms`, the loop has `lookMs` to look, and what is due then is done before this resolves. */
  turn(ms: number, lookMs?: number): Promise<void>
  /** As `turn`, to the next moment at which anything is due, `most` ahead at the latest. */
  next(most: number): Promise<void>
}

export async function openClocked(options: CollegeOptions = {}): Promise<ClockedCollege> {
  let clock = Date.now()
  const now = () => clock
  const college = await openCollege({
    ...options,
    moodle: { ...options.moodle, now },
    engine: { now, scheduler: false },
  })
  const { db } = college.engine.store
  const [records, deliveries] = ['records', 'deliveries'].map(name => db.collection(name)) as [
    ReturnType<typeof db.collection>,
    ReturnType<typeof db.collection>,
  ]

  async function settled(): Promise<void> {
    for (;;) {
      await college.zoho.announced()
      const at = new Date(clock)
      // A gate lets go once a second: what it lets go now is waited for, the next second's is not.
      const open =
        (await records.countDocuments({ $or: [{ dueAt: { $lte: at } }, { lease: { $exists: true } }] })) +
        (await deliveries.countDocuments({ dueAt: { $lte: at } }))
      if (open === 0) return
      college.engine.delivery.ring()
      await pause(3)
    }
  }

  async function turn(ms: number, lookMs = 12): Promise<void> {
    clock += ms
    college.engine.delivery.ring()
    // The loop's look at gates begins with the ring; it takes a few commands.
    await pause(lookMs)
    await settled()
  }

  return {
    college,
    now,
    turn,
    async next(most) {
      const times = [
        ...(await records
          .find({ dueAt: { $gt: new Date(clock) } })
          .sort({ dueAt: 1 })
          .limit(1)
          .toArray()),
        ...(await deliveries
          .find({ dueAt: { $gt: new Date(clock) } })
          .sort({ dueAt: 1 })
          .limit(1)
          .toArray()),
      ].map(each => (each['dueAt'] as Date).getTime() - clock)
      const gates = college.engine.delivery.gates.map(gate => gate.openAt.getTime() - clock)
      await turn(Math.max(1000, Math.min(most, ...times, ...gates)))
    },
  }
}
