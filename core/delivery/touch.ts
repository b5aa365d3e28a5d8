/** Touches: what is not trusted, or was not sent, is read from the remote. */
import { DataError, RetryableError, WaslError } from '../errors.ts'
import type { ReadResult, ResourceDefinition } from '../plugin.ts'
import { PATIENCE_MS } from './backoff.ts'
import { resourceConnection, type Tenant } from './tenant.ts'

/** What one id's read came to. */
export type Touched =
  | { readonly result: ReadResult; readonly readAt: Date }
  /** Read again later, at the earliest after so many milliseconds. */
  | { readonly error: WaslError; readonly again: boolean }

const TOTAL_MS = 60_000

/**
 * Reads `ids` in calls of `perCall`, one after the other. A call that fails is the failure of its own ids only.
 * Ids that are neither there nor known to be deleted come back as `REMOTE_UNSEEN`, to be read again.
 */
export async function readTouched(
  tenant: Tenant,
  resource: string,
  definition: ResourceDefinition,
  ids: readonly string[],
  now: () => number,
): Promise<ReadonlyMap<string, Touched>> {
  const touched = new Map<string, Touched>()
  const connection = resourceConnection(tenant, resource)
  if (connection === undefined) {
    const error = new DataError('NOT_CONNECTED', `There is no connection to read ${resource} through.`, {
      hint: 'Connect this tenant to it, then replay the delivery.',
    })
    for (const id of ids) touched.set(id, { error, again: false })
    return touched
  }
  for (let from = 0; from < ids.length; from += definition.perCall) {
    const call = ids.slice(from, from + definition.perCall)
    const readAt = new Date(now())
    try {
      const results = await connection.read(call, AbortSignal.timeout(TOTAL_MS))
      for (const id of call) {
        const result = results.get(id) ?? { state: 'unseen' as const }
        touched.set(
          id,
          result.state === 'unseen' ? { error: unseen(resource, id), again: true } : { result, readAt },
        )
      }
    } catch (error) {
      if (!(error instanceof WaslError)) throw error
      for (const id of call) touched.set(id, { error, again: !(error instanceof DataError) })
    }
  }
  return touched
}

const unseen = (resource: string, id: string) =>
  new RetryableError(
    'REMOTE_UNSEEN',
    `${resource} ${id} cannot be seen: not there, and not among the deleted.`,
    {
      hint: 'See whether the account that Wasl uses may read it.',
    },
  )

/**
 * When it is read again: after half the time that it has been failing, 1 s to 1 h. Undefined: it failed for too long.
 * @param random between 0 and 1
 */
export function readAgainMs(receivedAt: number, now: number, random: number): number | undefined {
  const failing = now - receivedAt
  if (failing > PATIENCE_MS) return undefined
  return Math.min(3_600_000, Math.max(1000, failing * (0.25 + 0.5 * random)))
}
