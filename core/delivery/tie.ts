/**
 * Two edits of one moment. Remotes count time in seconds, so they may carry one version, and notifications come in any
 * order: which of the two stands, only the remote knows. Pure.
 */
import { equal } from '../pipeline/canonical.ts'
import type { Fields } from '../plugin.ts'
import type { RecordDocument, Side } from '../store/documents.ts'
import type { Item } from './scene.ts'
import { compareVersions } from './version.ts'

type Heard = Pick<Item, 'event' | 'readAt'>

const isSame = ({ event: { version } }: Heard, side: Side): boolean =>
  version.length > 0 && side.version.length > 0 && compareVersions(version, side.version) === 0

/**
 * Must the object be read before anything is decided? Not where it says what is stored already.
 * @param said the heard fields; undefined where they were refused
 * @param now milliseconds since 1970
 */
export function isTie(
  heard: Heard,
  side: Side | undefined,
  record: Pick<RecordDocument, 'fields' | 'state'>,
  said: Fields | undefined,
  config: string,
  now: number,
): boolean {
  if (side === undefined || heard.event.kind !== 'state' || !isSame(heard, side)) return false
  const open =
    heard.readAt === undefined ? isNoReplay(side, config) : isToldSince(side, heard.readAt.getTime(), now)
  return open && (said === undefined || record.state === 'deleted' || differs(said, record.fields))
}

/** Under another configuration one edit has other fields; it is a replay, unless what stands was read. */
const isNoReplay = (side: Side, config: string): boolean =>
  side.config === config || side.readAt !== undefined

/** What came while it was read may be newer than the read. A clock that is ahead says nothing of that. */
const isToldSince = ({ toldAt }: Side, readAt: number, now: number): boolean =>
  toldAt !== undefined && toldAt.getTime() >= readAt && toldAt.getTime() <= now

const differs = (said: Fields, stored: Fields): boolean =>
  Object.keys(said).some(field => !equal(stored[field] ?? null, said[field] ?? null))

/**
 * Read before what is stored was read, at the same version: it may be the edit before. A clock that is ahead says nothing
 * of that either.
 */
export const isReadBefore = (heard: Heard, side: Side | undefined, now: number): boolean =>
  side?.readAt !== undefined &&
  heard.readAt !== undefined &&
  heard.readAt < side.readAt &&
  side.readAt.getTime() <= now &&
  isSame(heard, side)
