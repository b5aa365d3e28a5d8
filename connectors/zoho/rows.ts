import type { Json, Payload } from '../../core/plugin.ts'
import { idText } from './resources.ts'

const isRow = (value: Json): value is Payload =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

const equal = (a: Json | undefined, b: Json | undefined): boolean => {
  const [left, right] = [a ?? null, b ?? null]
  if (isRow(left) && isRow(right)) return idText(left['id']) === idText(right['id'])
  return JSON.stringify(left) === JSON.stringify(right)
}

/** Whether a row of Zoho's says all that the wanted one says. */
const says = (row: Payload, wanted: Payload) =>
  Object.entries(wanted).every(([name, value]) => equal(row[name], value))

/**
 * What to send so that a subform holds exactly `wanted`, in both of Zoho's ways: version 8 appends rows without an
 * id and leaves those not named, version 2 deletes those not named. So every row is named: kept and changed ones
 * by their id, superfluous ones to be deleted. Sent twice, it adds nothing, for it is made from what is there.
 */
export const rowChanges = (there: readonly Json[], wanted: readonly Json[]): Payload[] => {
  const left = there.filter(isRow).filter(row => idText(row['id']) !== undefined)
  const take = (fits: (row: Payload) => boolean): string | undefined => {
    const index = left.findIndex(fits)
    return index < 0 ? undefined : idText(left.splice(index, 1)[0]!['id'])
  }
  const rows = wanted.filter(isRow)
  const ids = rows.map(row => take(known => says(known, row)))
  const changed = rows.map((row, n) => {
    const id = ids[n] ?? take(() => true)
    return id === undefined ? row : { ...row, id }
  })
  return [...changed, ...left.map(row => ({ id: row['id']!, _delete: null }))]
}
