/**
 * MERGE: two records turn out to be one. The younger points to the older from then on and keeps its identities, so that
 * whoever knows one of them is led to the survivor; the survivor takes over what the younger brought.
 *
 * Filter: (1) the loser by `{_id, rev}`, (2) the survivor by `{_id, rev}`, (3) the loser by its pair: `absorbed` only where
 * its `rev` is the one that the survivor took over. Invariant: a loser that is not absorbed is due, so that (2) and (3) are
 * repeated until nothing it was told is missing in the survivor; and never are two identities of one resource joined.
 */
import type { CompiledPipeline } from '../pipeline/compiled.ts'
import type { Json } from '../plugin.ts'
import type { RecordDocument } from '../store/documents.ts'
import type { Records } from '../store/records.ts'
import { without } from './draft.ts'
import { withContent, withMark } from './outbox.ts'
import { isNewer } from './version.ts'

/** Set as content, it differs from whatever was sent: what is due is computed when it is sent. */
const COMPUTE = 'merged'

/** Ids are made in the order of time. */
export const olderOf = (a: RecordDocument, b: RecordDocument): RecordDocument => (a._id < b._id ? a : b)

/**
 * The first of three steps, one write by `rev`. The loser is due: the loop carries out the others.
 * @returns the loser's id, undefined where it changed meanwhile
 */
export async function beginMerge(
  records: Pick<Records, 'update'>,
  a: RecordDocument,
  b: RecordDocument,
  write: string,
  now: Date,
): Promise<string | undefined> {
  const survivor = olderOf(a, b)
  const loser = survivor === a ? b : a
  const { stale } = await records.update(
    [
      {
        id: loser._id,
        rev: loser.rev,
        set: { mergedInto: survivor._id, absorbed: false, state: 'merged', outbox: {}, dueAt: now },
        unset: ['lease', 'gate', 'lastError'],
      },
    ],
    write,
  )
  return stale.size === 0 ? loser._id : undefined
}

/** The survivor with everything that the loser brought, and due. Pure. */
export function absorbed(
  survivor: RecordDocument,
  loser: RecordDocument,
  pipeline: CompiledPipeline,
  now: Date,
): RecordDocument {
  const fields = fieldsOf(survivor, loser, pipeline)
  const sides = { ...survivor.sides }
  for (const [connector, side] of Object.entries(loser.sides)) {
    const own = sides[connector]
    // What the fields are now, no side has said: its fingerprint is forgotten.
    if (own === undefined || isNewer(side.version, own.version)) sides[connector] = without(side, 'fp')
  }
  const next: RecordDocument = {
    ...without(survivor, 'lastError', 'gate'),
    fields,
    sides,
    keys: [...new Set([...survivor.keys, ...loser.keys, ...pipeline.keysOf(fields)])],
    refs: [...new Set([...survivor.refs, ...loser.refs])],
    pushed: { ...loser.pushed, ...survivor.pushed },
    absorbedIdentities: [...new Set([...(survivor.absorbedIdentities ?? []), ...loser.identities])],
    woke: true,
    dueAt: now,
    state: survivor.state === 'deleted' ? 'deleted' : 'due',
  }
  if (next.state === 'deleted') return next
  for (const flow of pipeline.flows) {
    // The register speaks, and is told; whoever only fills what is empty has been heard already.
    if (!flow.overwrite || next.sides[flow.connector] === undefined) continue
    for (const { to, writeBack } of flow.pushes) {
      next.outbox = withContent(next.outbox, to, COMPUTE)
      if (writeBack !== undefined) next.outbox = withMark(next.outbox, writeBack.to, 'done')
    }
  }
  return next
}

/** The loser's fields by its own flow: they win where that flow overwrites, else they fill what was never set. */
function fieldsOf(
  survivor: RecordDocument,
  loser: RecordDocument,
  pipeline: CompiledPipeline,
): RecordDocument['fields'] {
  const flow = pipeline.flows.find(each => each.connector === loser.source)
  const own = pipeline.flows.find(each => each.connector === survivor.source)
  const loserWins = flow?.overwrite === true && own?.overwrite !== true
  const fields: { [field: string]: Json } = loserWins
    ? { ...survivor.fields, ...loser.fields }
    : { ...loser.fields, ...survivor.fields }
  for (const id of pipeline.identity.values()) {
    const value = survivor.fields[id] ?? loser.fields[id]
    if (value !== undefined && value !== null) fields[id] = value
  }
  return fields
}

/**
 * May the two be one? Only records of one module, none known where the other is known too: a merge never joins two
 * identities of one resource. Pure.
 */
export function mayMerge(a: RecordDocument, b: RecordDocument, pipeline: CompiledPipeline): boolean {
  if (a.module !== b.module || a.state === 'deleted' || b.state === 'deleted') return false
  const known = ({ identities, absorbedIdentities = [] }: RecordDocument, resource: string) =>
    [...identities, ...absorbedIdentities].some(identity => identity.startsWith(`${resource}:`))
  return [...pipeline.identity.keys()].every(resource => !(known(a, resource) && known(b, resource)))
}
