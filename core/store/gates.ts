/** Gates: remotes of a tenant that are closed for a while, shared by every engine. */
import type { GateDocument } from './documents.ts'
import { guarded, isDuplicateKey, tenantOf } from './failure.ts'
import type { Models } from './schemas.ts'

export interface Gates {
  all(): Promise<readonly GateDocument[]>
  /** Stores `gate` where none was (`rounds` 0) or where the stored one still has `rounds`. False: somebody was faster. */
  close(gate: GateDocument, rounds: number | null): Promise<boolean>
  /** One engine only may send the probe: takes it by putting `openAt` off. False: another took it. */
  probe(gate: GateDocument, until: Date): Promise<boolean>
  /** The remote answers again: its records are let go, `perSecond` of them at a time. */
  opening(id: string, perSecond: number): Promise<void>
  remove(id: string): Promise<void>
}

export function gatesIn({ gates }: Models): Gates {
  return {
    async all() {
      return guarded('read gates', () => gates.find().lean<GateDocument[]>().exec())
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
        const done = await gates.updateOne({ _id, rounds }, { $set: facts, $unset: { opening: '' } }).exec()
        return done.matchedCount === 1
      })
    },

    async probe(gate, until) {
      const done = await guarded('take a probe', () =>
        gates.updateOne({ _id: gate._id, openAt: gate.openAt }, { $set: { openAt: until } }).exec(),
      )
      return done.matchedCount === 1
    },

    async opening(id, perSecond) {
      await guarded('open a gate', () =>
        gates.updateOne({ _id: id }, { $set: { opening: perSecond } }).exec(),
      )
    },

    async remove(id) {
      await guarded('remove a gate', () => gates.deleteOne({ _id: id }).exec())
    },
  }
}
