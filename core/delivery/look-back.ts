/** Reads what was just sent back to a remote, to see what it made of it. */
import { DataError, SetupError } from '../errors.ts'
import { begin, ended } from '../pipeline/run.ts'
import type { Log, Payload, ResourceConnection, ResourceName, Run } from '../plugin.ts'
import { type Hashes, madeOf } from './back.ts'
import { viewOf } from './draft.ts'
import type { Held } from './held.ts'
import type { Tenant } from './tenant.ts'

export interface SentBack {
  readonly held: Held
  /** The remote's id. */
  readonly id: string
}

/**
 * In one call, since they were one. Where it cannot be read for now nothing is known, and it is sent back again; where
 * it may never be read, what was refused is taken for what the remote makes of ours, so that there is an end.
 */
export async function lookBack(
  tenant: Tenant,
  resource: string,
  connection: Pick<ResourceConnection, 'read'>,
  sent: readonly SentBack[],
  { run, signal, log }: { readonly run: Run; readonly signal: AbortSignal; readonly log: Log },
): Promise<ReadonlyMap<Held, Hashes>> {
  const made = new Map<Held, Hashes>()
  if (sent.length === 0) return made
  try {
    const results = await connection.read([...new Set(sent.map(({ id }) => id))], signal)
    for (const { held, id } of sent) {
      const result = results.get(id)
      const found =
        result?.state === 'found' ? madeBy(tenant, resource, held, result.payload, run) : undefined
      if (found !== undefined) made.set(held, found)
    }
  } catch (error) {
    // It was sent, whatever becomes of looking.
    log.warn('look_back_failed', { tenant: tenant.id, resource, error })
    if (!(error instanceof DataError || error instanceof SetupError)) return made
    for (const { held } of sent) made.set(held, held.record.outbox[resource]?.back ?? {})
  }
  return made
}

/** As if it had told of itself; undefined where its flow cannot read it. */
function madeBy(
  tenant: Tenant,
  resource: string,
  { record }: Held,
  payload: Payload,
  run: Run,
): Hashes | undefined {
  const from = resource as ResourceName
  const chosen = tenant.pipelines.choose(from, payload, record.module)
  if (chosen === undefined || 'skip' in chosen) return undefined
  const told = begin({ resource: from, version: [], payload, record: viewOf(record) })
  const opened = chosen.flow.open(told, run)
  if (!ended(opened)) return madeOf(opened.fields, record.fields)
  return opened.end.outcome === 'UNCHANGED' ? madeOf(opened.work.fields, record.fields) : undefined
}
