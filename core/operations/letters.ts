/** What failed and is tried again, and what is not tried again by itself. */
import type { RecordState } from '../plugin.ts'
import type { Reason } from '../reasons/reasons.ts'
import type { EventDocument, RecordDocument, StoredError } from '../store/documents.ts'
import { type Desk, modulesOf } from './desk.ts'
import { type EventRow, findRow, idOfRow, recordsOf, rowsAfter } from './events.ts'
import { type Page, type PageRequest, type Walk, walk } from './paging.ts'
import { type Judging, judging, moduleNamed, recordView } from './records.ts'

export const RETRY_STATES = ['retrying', 'gated'] as const satisfies readonly RecordState[]
export const LETTER_STATES = ['dead', 'conflict', 'invalid', 'unreadable'] as const

export interface LetterFilter {
  readonly module?: string
  /** The error's code. */
  readonly code?: string
  readonly state?: string
  readonly because?: string
  /** At least so many seconds old. */
  readonly age?: number
}

/** A record that failed, or an event that could not be taken. */
export interface Letter {
  /** The record's or the event's id. */
  readonly id: string
  readonly kind: 'record' | 'event'
  /** `retrying` or `gated`; `dead`, `conflict`, `invalid`, or `unreadable`: the delivery could not be read. */
  readonly state: string
  readonly module?: string
  readonly record?: string
  /** The object in the sender's system. */
  readonly identity?: string
  /** Why it is here: the reason of the gate at which it stands (`outage`, `busy` ...), or else as its sentence begins. */
  readonly because: string
  readonly sentence: string
  readonly code?: string
  readonly field?: string
  readonly tried?: readonly string[]
  readonly since: string
  /** When it is tried again by itself. */
  readonly until?: string
  readonly attempts?: number
  readonly explained?: Reason
}

/** Records that are tried again, in the order in which they were made. */
export async function listRetries(
  desk: Desk,
  filter: LetterFilter,
  page: PageRequest,
): Promise<Page<Letter>> {
  return walk(await retryWalk(desk, filter), page)
}

/** Dead and conflicting records, then events that are INVALID still, each in the order in which they came. */
export async function listDeadLetters(
  desk: Desk,
  filter: LetterFilter,
  page: PageRequest,
): Promise<Page<Letter>> {
  return walk(await deadLetterWalk(desk, filter), page)
}

export async function retryWalk(desk: Desk, given: LetterFilter): Promise<Walk<RecordDocument, Letter>> {
  const facts = await judging(desk)
  const filter = withModule(desk, given)
  const states = RETRY_STATES.filter(state => filter.state === undefined || filter.state === state)
  return {
    partitions: partitionsOf(desk, filter, states),
    read: (partition, after, limit) => readRecords(desk, partition, after, limit),
    idOf: record => record._id,
    show: async records => records.map(record => wanted(desk, filter, recordLetter(desk, record, facts))),
  }
}

export async function deadLetterWalk(
  desk: Desk,
  given: LetterFilter,
): Promise<Walk<RecordDocument | EventRow, Letter>> {
  const facts = await judging(desk)
  const filter = withModule(desk, given)
  const states = (['dead', 'conflict'] as const).filter(
    state => filter.state === undefined || filter.state === state,
  )
  const events = filter.state === undefined || filter.state === 'invalid' || filter.state === 'unreadable'
  return {
    partitions: [...partitionsOf(desk, filter, states), ...(events ? ['events'] : [])],
    read: async (partition, after, limit) => {
      if (partition !== 'events') return readRecords(desk, partition, after, limit)
      const from = after.slice(0, 24)
      return rowsAfter(await desk.store.history.invalid(desk.tenant.id, from, limit), after, limit)
    },
    idOf: each => ('event' in each ? idOfRow(each) : each._id),
    show: async each => {
      const rows = each.filter((one): one is EventRow => 'event' in one)
      const records = await recordsOf(desk, rows)
      return each.map(one => {
        const letter =
          'event' in one
            ? eventLetter(desk, one, records.get(one.event.record ?? ''))
            : recordLetter(desk, one, facts)
        return wanted(desk, filter, letter)
      })
    },
  }
}

/** A module is named as everywhere else: in the plural, as the remote calls it, in any case. */
const withModule = (desk: Desk, filter: LetterFilter): LetterFilter =>
  filter.module === undefined
    ? filter
    : { ...filter, module: moduleNamed(desk, filter.module) ?? filter.module }

const partitionsOf = (desk: Desk, { module }: LetterFilter, states: readonly string[]): readonly string[] =>
  (module === undefined ? modulesOf(desk) : [module]).flatMap(each => states.map(state => `${each}|${state}`))

async function readRecords({ store, tenant }: Desk, partition: string, after: string, limit: number) {
  const [module = '', state] = partition.split('|')
  const documents = await store.lookup.inState(tenant.id, module, state as RecordState, after, limit)
  return { documents, more: documents.length >= limit }
}

export function recordLetter(desk: Desk, record: RecordDocument, facts: Judging): Letter {
  const { why, pending, ids } = recordView(desk, record, facts)
  const entries = Object.values(record.outbox)
  const since = Math.min(
    ...entries.flatMap(({ failingSince }) => failingSince?.getTime() ?? []),
    record.updatedAt.getTime(),
  )
  const attempts = Math.max(0, ...Object.values(pending).map(each => each.attempts))
  const [resource] = Object.keys(ids)
  return {
    id: record._id,
    kind: 'record',
    state: record.state,
    module: record.module,
    record: record._id,
    ...(resource === undefined ? {} : { identity: `${resource}:${ids[resource]}` }),
    because: facts.gates.get(record.gate ?? '')?.reason ?? why.because,
    sentence: why.sentence,
    since: new Date(since).toISOString(),
    attempts,
    ...(why.code === undefined ? {} : { code: why.code }),
    ...(why.field === undefined ? {} : { field: why.field }),
    ...(why.until === undefined ? {} : { until: why.until }),
    ...(why.explained === undefined ? {} : { explained: why.explained }),
  }
}

/** Undefined: it was corrected since, or is no dead letter. */
export function eventLetter(
  { reasons, language }: Pick<Desk, 'reasons' | 'language'>,
  { delivery, event, place }: EventRow,
  record: RecordDocument | undefined,
): Letter | undefined {
  const { error } = event
  if (event.outcome !== 'INVALID' || error === undefined || isCorrected(event, record)) return undefined
  const explained = reasons.of(error.code, language)
  const field = error.at === undefined ? '' : ` (${error.at})`
  const state = delivery.error === undefined ? 'invalid' : 'unreadable'
  return {
    id: idOfRow({ delivery, event, place }),
    kind: 'event',
    state,
    because: state,
    sentence: reasons.say('invalid', language, { field, message: error.message }),
    code: error.code,
    since: delivery.receivedAt.toISOString(),
    ...(event.module === undefined ? {} : { module: event.module }),
    ...(event.record === undefined ? {} : { record: event.record }),
    ...(event.identity === undefined ? {} : { identity: event.identity }),
    ...(error.at === undefined ? {} : { field: error.at }),
    ...(error.tried === undefined ? {} : { tried: error.tried }),
    ...(explained === undefined ? {} : { explained }),
  }
}

/** A later payload of the record went through, or was refused for something else. */
const isCorrected = ({ error, record: id }: EventDocument, record: RecordDocument | undefined): boolean =>
  id !== undefined && record !== undefined && record.state !== 'invalid' && !isSame(record.lastError, error)

const isSame = (a: StoredError | undefined, b: StoredError | undefined): boolean =>
  a?.code === b?.code && a?.at === b?.at

function wanted(
  { now }: Desk,
  { module, code, state, because, age }: LetterFilter,
  letter: Letter | undefined,
): Letter | undefined {
  if (letter === undefined) return undefined
  if (module !== undefined && letter.module !== module) return undefined
  if (code !== undefined && letter.code !== code) return undefined
  if (state !== undefined && letter.state !== state) return undefined
  if (because !== undefined && letter.because !== because) return undefined
  return age === undefined || now() - Date.parse(letter.since) >= age * 1000 ? letter : undefined
}

/** One dead letter or retry; undefined: there is none of that id, or it is none any more. */
export async function showLetter(desk: Desk, id: string): Promise<Letter | undefined> {
  const { store, tenant } = desk
  if (id.includes('-')) {
    const row = await findRow(desk, id)
    if (row === undefined) return undefined
    const records = await recordsOf(desk, [row])
    return eventLetter(desk, row, records.get(row.event.record ?? ''))
  }
  const [record] = await store.records.byIds(tenant.id, [id])
  const shown: readonly string[] = [...RETRY_STATES, ...LETTER_STATES]
  if (record === undefined || !shown.includes(record.state)) return undefined
  return recordLetter(desk, record, await judging(desk))
}
