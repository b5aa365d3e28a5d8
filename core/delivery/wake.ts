/** WAKE: whoever refers to what appeared or changed is due again. */
import type { CompiledPipeline } from '../pipeline/compiled.ts'
import type { RecordDocument } from '../store/documents.ts'
import type { Records, Resting } from '../store/records.ts'
import { changeOf, type Draft } from './draft.ts'
import type { GateBefore } from './scene.ts'
import { whereItStands } from './standing.ts'
import type { Surroundings, Tenant } from './tenant.ts'

/** A record with `woke`, as it is stored. */
export interface Waker {
  readonly record: RecordDocument
  readonly pipeline: CompiledPipeline
}

type Options = Pick<Surroundings, 'log' | 'now' | 'crash'>

/**
 * Makes due who refers to one of these. Filter: the tenant's records with one of their keys in `refs`. Invariant:
 * `woke` and `dueAt` stand until this has been done, so that a crash before or after it only repeats it.
 * @returns how many were woken
 */
export async function wake(
  records: Pick<Records, 'wake'>,
  tenant: Tenant,
  wakers: readonly Waker[],
  options: Options,
): Promise<number> {
  const keys = new Set<string>()
  for (const { record, pipeline } of wakers) {
    for (const key of [...record.keys, ...pipeline.keysOf(record.fields)]) keys.add(key)
  }
  if (keys.size === 0) return 0
  CRASH: options.crash?.at('C6')
  const woken = await records.wake(tenant.id, [...keys], new Date(options.now()))
  CRASH: options.crash?.at('C7')
  if (woken > 0) options.log.debug('woken', { tenant: tenant.id, records: woken })
  return woken
}

/**
 * What an import brings while its remote is away has nothing to send and much to wake: APPLY does that itself, in one
 * command for the batch, and takes `woke` and `dueAt` away by a second. Filter: `_id` and the `rev` that it wrote.
 * Invariant: what changed or was claimed meanwhile keeps them, and SEND wakes once more.
 */
export async function wakeAtOnce(
  records: Pick<Records, 'wake' | 'rest'>,
  tenant: Tenant,
  written: Iterable<Draft>,
  options: Options & { readonly gateBefore: GateBefore },
): Promise<{ readonly settled: ReadonlySet<string>; readonly woken: number }> {
  const at = options.now()
  const wakers: Waker[] = []
  const alike = new Map<string, Resting & { readonly ids: string[] }>()
  for (const draft of written) {
    const { stored, next } = draft
    const pipeline = tenant.pipelines.modules.get(next.module)
    const rest = pipeline && restOf(next, pipeline, options.gateBefore, at)
    if (pipeline === undefined || rest === undefined || (stored !== null && changeOf(draft) === null))
      continue
    wakers.push({ record: next, pipeline })
    const rev = stored === null ? next.rev : stored.rev + 1
    const as = `${rev} ${rest.state} ${rest.gate}`
    const others = alike.get(as)
    if (others === undefined) alike.set(as, { ids: [next._id], rev, ...rest })
    else others.ids.push(next._id)
  }
  const woken = await wake(records, tenant, wakers, options)
  await records.rest([...alike.values()])
  return { settled: new Set(wakers.map(({ record }) => record._id)), woken }
}

/** How a record stands once those who wait for it are woken; undefined where SEND has more to do with it. Pure. */
export function restOf(
  record: RecordDocument,
  pipeline: CompiledPipeline,
  gateBefore: GateBefore,
  now: number,
): Pick<RecordDocument, 'state' | 'gate'> | undefined {
  if (record.woke !== true || (record.state !== 'ok' && record.state !== 'due')) return undefined
  // What it refers to or shares may have changed meanwhile, which SEND looks at once more.
  if (record.refs.length > 0 || record.missing.length > 0 || pipeline.shared.length > 0) return undefined
  const known = new Set([...record.identities, ...(record.absorbedIdentities ?? [])])
  if (!pipeline.identitiesOf(record.fields).every(identity => known.has(identity))) return undefined
  const { state, gate, dueAt } = whereItStands(record, { now, gateBefore, waits: false })
  return dueAt === undefined ? { state, ...(gate === undefined ? {} : { gate }) } : undefined
}
