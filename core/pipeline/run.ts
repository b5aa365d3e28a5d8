import { DataError } from '../errors.ts'
import type {
  Ending,
  Payload,
  RecordView,
  ResourceName,
  Run,
  StepFunction,
  Version,
  Work,
} from '../plugin.ts'

export const ended = (result: Work | Ending): result is Ending => 'end' in result

/** One event at the beginning of its way. */
export function begin(event: {
  resource: ResourceName
  version: Version
  payload: Payload
  partial?: boolean
  record: RecordView | null
}): Work {
  return {
    resource: event.resource,
    version: event.version,
    payload: event.payload,
    partial: event.partial ?? false,
    record: event.record,
    fields: {},
    merged: event.record?.fields ?? {},
    identities: event.record?.identities ?? [],
    found: {},
    refs: [],
    missing: [],
    changes: [],
    due: [],
    kept: [],
  }
}

/** The steps as one function: on to the next, or the end. A DataError ends the event as INVALID, others pass. */
export function chain(steps: readonly StepFunction[]): (work: Work, run: Run) => Work | Ending {
  return (start, run) => {
    let work = start
    try {
      for (let i = 0; i < steps.length; i++) {
        const result = (steps[i] as StepFunction)(work, run)
        if (ended(result)) return result
        work = result
      }
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      return { end: { outcome: 'INVALID', error }, work }
    }
    return work
  }
}

/** Element by element; a missing element is the smallest, and an empty version is neither older nor newer. */
export function isOlder(version: Version, than: Version): boolean {
  if (version.length === 0 || than.length === 0) return false
  for (let i = 0; i < Math.max(version.length, than.length); i++) {
    const [a, b] = [version[i] ?? Number.NEGATIVE_INFINITY, than[i] ?? Number.NEGATIVE_INFINITY]
    if (a !== b) return a < b
  }
  return false
}

export const connectorOf = (resource: string): string => resource.slice(0, resource.indexOf('/'))
