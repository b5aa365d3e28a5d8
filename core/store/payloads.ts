/** The bytes of deliveries as they are stored: sealed, so that no field of a payload can be read from the store. */
import type { DeliveryDocument } from './documents.ts'

/** Encryption bound to `context`. */
export interface PayloadSealing {
  seal(bytes: Buffer, context: string): Buffer
  /** Raises where it was changed, or moved to another delivery. */
  open(sealed: Buffer, context: string): Buffer
}

export interface Payloads {
  /** As it is stored. */
  sealed(document: DeliveryDocument): DeliveryDocument
  /** As it came. What was stored before payloads were sealed is as it came already. */
  opened(document: DeliveryDocument): DeliveryDocument
}

const NOTHING = Buffer.alloc(0)
const contextOf = ({ tenant, _id }: DeliveryDocument): string => `${tenant}|delivery|${_id}`

/** Without `sealing` bytes are stored as they are, and what is sealed cannot be read. */
export function payloadsWith(sealing: PayloadSealing | undefined): Payloads {
  return {
    sealed: document =>
      sealing === undefined
        ? document
        : { ...document, raw: sealing.seal(document.raw, contextOf(document)), sealed: true },

    opened(document) {
      const { sealed, ...rest } = document
      if (sealed !== true || rest.raw === undefined) return document
      try {
        if (sealing !== undefined) return { ...rest, raw: sealing.open(rest.raw, contextOf(document)) }
      } catch {
        // One row that somebody has changed must not hold the others up: whoever reads it is told.
      }
      return { ...rest, raw: NOTHING, unreadable: true }
    },
  }
}
