/** Gates: remotes of a tenant that are closed for a while, shared by every engine. */
import { trusted } from 'mongoose'
import type { GateDocument } from './documents.ts'
import { guarded, isDuplicateKey, tenantOf } from './failure.ts'
import type { Models } from './schemas.ts'

export interface Gates {
  all(): Promise<readonly GateDocument[]>
  of(tenant: string): Promise<readonly GateDocument[]>
  /** Stores `gate` where none was (`rounds` 0) or where the stored one still has `rounds`. False: somebody was faster. */
  close(gate: GateDocument, rounds: number | null): Promise<boolean>
  /**
   * One engine only may let records go now, be it the probe or a part of them: takes the turn by putting `openAt` off.
   * False: another took it.
   */
  takeTurn(gate: GateDocument, until: Date): Promise<boolean>
  /** The remote answers again: its records are let go, `perSecond` of them at a time, from `at` on. Not what is paused. */
  opening(id: string, perSecond: number, at: Date): Promise<void>
  remove(id: string): Promise<void>
  /** A person keeps everything from the remote until they resume it; neither an answer nor a failure changes that. */
  pause(gate: GateDocument): Promise<void>
  /** False: nobody had paused it. */
  resume(id: string, perSecond: number, now: Date): Promise<boolean>
  /** The next probe goes at once. False: there is no such closed gate, or a person has paused it. */
  tryNow(id: string, now: Date): Promise<boolean>
}

export function gatesIn({ gates }: Models): Gates {
  const unpaused = { reason: trusted({ $ne: 'paused' as const }) }

  return {
    async all() {
      return guarded('read gates', () => gates.find().lean<GateDocument[]>().exec())
    },

    async of(tenant) {
      // Their ids begin with the tenant: no index but that of the ids is needed.
      const prefix = `${tenantOf(tenant)}|`
      const filter = { _id: trusted({ $gte: prefix, $lt: `${prefix}\uffff` }), tenant }
      return guarded('read gates', () => gates.find(filter).lean<GateDocument[]>().exec())
    },

    async close(gate, rounds) {
      tenantOf(gate.tenant)
      const { _id, ...facts } = gate
      return guarded('close a gate', async () => {
        if (rounds === null) {
          try {
            await gates.create(gate)
            return true
          } catch (error) {
            if (isDuplicateKey(error)) return false
            throw error
          }
        }
        const done = await gates
          .updateOne({ _id, rounds, ...unpaused }, { $set: facts, $unset: { opening: '' } })
          .exec()
        return done.matchedCount === 1
      })
    },

    async takeTurn(gate, until) {
      const done = await guarded('take the turn at a gate', () =>
        gates.updateOne({ _id: gate._id, openAt: gate.openAt }, { $set: { openAt: until } }).exec(),
      )
      return done.matchedCount === 1
    },

    async opening(id, perSecond, at) {
      await guarded('open a gate', () =>
        gates.updateOne({ _id: id, ...unpaused }, { $set: { opening: perSecond, openAt: at } }).exec(),
      )
    },

    async remove(id) {
      await guarded('remove a gate', () => gates.deleteOne({ _id: id, ...unpaused }).exec())
    },

    async pause(gate) {
      tenantOf(gate.tenant)
      const { _id, ...facts } = gate
      await guarded('pause a remote', () =>
        gates.updateOne({ _id }, { $set: facts, $unset: { opening: '' } }, { upsert: true }).exec(),
      )
    },

    async resume(id, perSecond, now) {
      const done = await guarded('resume a remote', () =>
        gates
          .updateOne(
            { _id: id, reason: 'paused' },
            { $set: { reason: 'busy', code: 'RESUMED', rounds: 0, openAt: now, opening: perSecond } },
          )
          .exec(),
      )
      return done.matchedCount === 1
    },

    async tryNow(id, now) {
      const done = await guarded('try a gate now', () =>
        gates.updateOne({ _id: id, ...unpaused }, { $set: { openAt: now } }).exec(),
      )
      return done.matchedCount === 1
    },
  }
}
