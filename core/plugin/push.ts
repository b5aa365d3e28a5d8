/** What is sent after a flow has run, and made again when it is sent. */
import type { Mark } from './files.ts'
import type { Fields } from './record.ts'
import type { FieldMetadata } from './remote.ts'
import type { Payload, ResourceName } from './values.ts'
import type { Run, Work } from './work.ts'

/** What would be sent now. */
export interface Rendered {
  readonly fields: Payload
  /** SHA-256 (hex, 32 digits) over the canonical JSON of `fields`, marks not among them. */
  readonly content: string
  /** By what the remote object is looked for, in order, values that are present only. `id` first where it is known. */
  readonly match: readonly { readonly by: string; readonly value: string }[]
  readonly cut: readonly string[]
}

/** What SEND needs of a push step. All pure. */
export interface PushPlan {
  readonly to: ResourceName
  /** The field that holds the remote's id (`moodleUserId`). */
  readonly idField: string
  /** Raises DataError where a value cannot be sent (too long, not in the picklist that `metadata` knows). */
  render(
    fields: Fields,
    found: Work['found'],
    run: Run,
    metadata?: ReadonlyMap<string, FieldMetadata>,
  ): Rendered
  /** Sent fields in which an object that was found must not differ, and whether a told id is looked at as well. */
  readonly agree: { readonly fields: readonly string[]; readonly linked: boolean }
  /** `keep`: nothing is sent when the record is deleted. */
  renderDelete(fields: Fields, run: Run): Payload | 'keep' | 'delete'
  /** The marks that travel with this push, `{}` where it has none. */
  marks(mark: Mark, run: Run, error?: string): Payload
  /** What a sender that asks is answered besides outcome and action: `"answers": { "btec_grade": "grade" }`. */
  answers(fields: Fields): Payload
  readonly writeBack?: WriteBackPlan
}

/** What is told to the sender's own record after a push. */
export interface WriteBackPlan {
  readonly to: ResourceName
  readonly idField: string
  render(fields: Fields, mark: Mark, run: Run, error?: string): Payload
}
