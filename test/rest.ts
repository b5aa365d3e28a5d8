/** When nothing moves any more, asked of the store and of who sends. */
import type { Store } from '../core/store/connect.ts'

/**
 * Whether nothing is on its way. Work goes round: from who sends to a delivery, from a delivery to its records, from a
 * record to a remote, which tells of it or is looked at in a delivery again. Each place is therefore asked in that
 * order, and no delivery may have come meanwhile: a count of the records before that of the deliveries would miss what
 * stepped from one to the other between the two.
 * @param sent waits for the senders and tells whether they have nothing left
 */
export async function atRest(
  { db }: Store,
  sent: () => Promise<boolean> = async () => true,
): Promise<boolean> {
  const deliveries = db.collection('deliveries')
  const due = { dueAt: { $exists: true } }
  const stored = await deliveries.countDocuments()
  return (
    (await sent()) &&
    (await deliveries.countDocuments(due)) === 0 &&
    (await db.collection('records').countDocuments(due)) === 0 &&
    (await sent()) &&
    (await deliveries.countDocuments()) === stored
  )
}

/** What is still due, for the message of who waited in vain. */
export async function unfinished({ db }: Store): Promise<string> {
  const counts = await Promise.all(
    ['records', 'deliveries', 'gates'].map(async name => {
      const filter = name === 'gates' ? {} : { dueAt: { $exists: true } }
      return `${await db.collection(name).countDocuments(filter)} ${name}`
    }),
  )
  return counts.join(', ')
}
