/** What people are told of: one document per episode, so that one engine of several tells it, once. */
import { trusted } from 'mongoose'
import { guarded, isDuplicateKey } from './failure.ts'
import type { Models } from './schemas.ts'

export interface AlertDocument {
  /** `tenant|kind|subject` */
  _id: string
  since: Date
  /** From when on it may be told, again or at all. */
  tellAt: Date
  /** Ways by which it was told since it became due. */
  told: string[]
  /** The episode is over when it was not seen until then. */
  expireAt: Date
}

export interface Alerts {
  /** Notes that it holds now, and whether this caller tells it; the others leave it alone until `busyUntil`. */
  claim(id: string, now: Date, busyUntil: Date, expireAt: Date): Promise<AlertDocument | undefined>
  /** It was told by these ways; the next time is at `tellAt`. */
  note(id: string, told: readonly string[], tellAt: Date): Promise<void>
}

export function alertsIn({ alerts }: Models): Alerts {
  return {
    async claim(id, now, busyUntil, expireAt) {
      return guarded('note an alert', async () => {
        // The server removes what expired about once a minute; what it has not removed yet is over all the same.
        await alerts.deleteOne({ _id: id, expireAt: trusted({ $lte: now }) }).exec()
        try {
          await alerts
            .updateOne(
              { _id: id },
              { $set: { expireAt }, $setOnInsert: { since: now, tellAt: now, told: [] } },
              { upsert: true },
            )
            .exec()
        } catch (error) {
          if (!isDuplicateKey(error)) throw error
        }
        const claimed = await alerts
          .updateOne({ _id: id, tellAt: trusted({ $lte: now }) }, { $set: { tellAt: busyUntil } })
          .exec()
        if (claimed.matchedCount !== 1) return undefined
        return (await alerts.findById(id).lean<AlertDocument>().exec()) ?? undefined
      })
    },

    async note(id, told, tellAt) {
      await guarded('note that an alert was told', () =>
        alerts.updateOne({ _id: id }, { $set: { told: [...told], tellAt } }).exec(),
      )
    },
  }
}
