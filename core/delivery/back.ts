/**
 * What goes back to a sender that only fills what is empty: the register's values where the sender holds others. Some
 * remotes make something else of what they are sent (blanks collapsed, letters raised). That is no person's wish, and
 * sending it again would never end; so what became of it is looked at once, right after it was sent back. Pure.
 */
import { canonical, digest, equal } from '../pipeline/canonical.ts'
import type { Fields } from '../plugin.ts'

/** Field -> hash of the value that the other side has in it. */
export type Hashes = Readonly<Record<string, string>>

const hashOf = (fields: Fields, field: string): string => digest(canonical(fields[field]))

/**
 * Of the refused values those that go back, as hashes; undefined where each is what the sender makes of ours.
 * @param kept fields in which the sender's value was refused
 * @param made what it made of what it was sent last
 */
export function goingBack(
  kept: readonly string[],
  said: Fields,
  made: Hashes | undefined,
): { [field: string]: string } | undefined {
  const back: { [field: string]: string } = {}
  for (const field of kept) back[field] = hashOf(said, field)
  return isMade(back, made) ? undefined : back
}

/** Are these refused values what the remote makes of ours? */
export const isMade = (back: Hashes | undefined, made: Hashes | undefined): boolean =>
  Object.entries(back ?? {}).every(([field, hash]) => made?.[field] === hash)

/** Where an object that was just written says otherwise than the record. */
export function madeOf(said: Fields, stored: Fields): { [field: string]: string } {
  const made: { [field: string]: string } = {}
  for (const field of Object.keys(said))
    if (stored[field] !== undefined && !equal(stored[field], said[field])) made[field] = hashOf(said, field)
  return made
}
