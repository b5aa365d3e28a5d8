/** Which of the objects that a remote lists as changed must be read. Pure. */
import type { ChangedObject } from '../plugin.ts'
import type { RecordDocument, Side } from '../store/documents.ts'
import { connectorOf } from './tenant.ts'
import { compareVersions } from './version.ts'

/**
 * A read that began so long after a change has seen it: versions may count in seconds, clocks differ, and a remote's
 * own rules may change a record further in the same second.
 */
const SURELY_SEEN_MS = 5000

/**
 * What was only told to us, or is as we ourselves wrote it, is read all the same: another change may have come just
 * before and been lost, and a list shows the last change alone.
 * @param records those that hold one of the objects' identities
 */
export function toRead(
  resource: string,
  objects: readonly ChangedObject[],
  records: readonly Pick<RecordDocument, 'identities' | 'state' | 'sides'>[],
): readonly string[] {
  const holders = new Map(records.flatMap(record => record.identities.map(identity => [identity, record])))
  const unread = objects.filter(object => {
    const record = holders.get(`${resource}:${object.id}`)
    // Of what is not stored nothing is to be deleted.
    if (object.deleted === true) return record !== undefined && record.state !== 'deleted'
    return (
      record === undefined ||
      record.state === 'deleted' ||
      !isSeen(object, record.sides[connectorOf(resource)])
    )
  })
  return [...new Set(unread.map(({ id }) => id))]
}

function isSeen({ version = [], at }: ChangedObject, side: Side | undefined): boolean {
  if (side?.readAt === undefined || at === undefined || version.length === 0) return false
  return compareVersions(version, side.version) === 0 && side.readAt.getTime() > at + SURELY_SEEN_MS
}
