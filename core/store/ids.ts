/** Ids of what is stored: they sort by the time at which they were made, whichever engine made them. */
import { ObjectId } from 'bson'

/** @param at the store's time, in milliseconds since 1970 */
export const newId = (at: number): string =>
  new ObjectId(ObjectId.generate(Math.floor(at / 1000))).toHexString()

/** An id that was made in the second of `at`, with `rest` in all its other digits. */
export const idWithin = (at: Date, rest: '0' | 'f'): string =>
  `${Math.floor(at.getTime() / 1000)
    .toString(16)
    .padStart(8, '0')}${rest.repeat(16)}`
