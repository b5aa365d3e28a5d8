import type { Fields, PipelineFile, ResourceName } from '../plugin.ts'
import { isEmpty } from './values.ts'

/** Writes `zoho/BTEC_Students:123` for every identity that is set, `first` before the others. */
export function identitiesOf(
  record: PipelineFile['record'],
  first?: ResourceName,
): (fields: Fields) => readonly string[] {
  const entries = Object.entries(record.identity).sort(
    ([a], [b]) => Number(b === first) - Number(a === first),
  )
  return fields => {
    const identities: string[] = []
    for (let i = 0; i < entries.length; i++) {
      const [resource, field] = entries[i] as [string, string]
      const value = fields[field]
      if (!isEmpty(value)) identities.push(`${resource}:${value}`)
    }
    return identities
  }
}

/** Compared without case and in one Unicode form, so that two people cannot share a name by its spelling. */
export const uniqueOf =
  (record: PipelineFile['record']) =>
  (fields: Fields): readonly string[] =>
    (record.unique ?? [])
      .filter(field => !isEmpty(fields[field]))
      .map(field => `=${field}:${String(fields[field]).trim().normalize('NFC').toLowerCase()}`)
