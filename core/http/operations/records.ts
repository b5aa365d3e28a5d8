/** What operators read: events, records and why they are where they are. */
import Joi from 'joi'
import { STATES } from '../../operations/desk.ts'
import { EVENT_STATES, type EventFilter, listEvents, showEvent } from '../../operations/events.ts'
import type { PageRequest } from '../../operations/paging.ts'
import { listRecords, moduleNamed, type RecordFilter, showRecord } from '../../operations/records.ts'
import { anyId, eventId, name, type Operation, objectId, paging } from './route.ts'

/** Query values without the paging. */
export function parted<T>(query: object): { filter: T; page: PageRequest } {
  const { limit, cursor, ...filter } = query as PageRequest & T
  return { filter: filter as T, page: { limit, ...(cursor === undefined ? {} : { cursor }) } }
}

export const readingOperations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/api/v1/events',
    scope: 'read',
    summary: 'Events, newest first: what came in, and what became of it.',
    query: { ...paging, state: Joi.valid(...EVENT_STATES), module: name, record: objectId },
    async handle({ desk, query }) {
      const { filter, page } = parted<EventFilter>(query)
      const module = filter.module === undefined ? undefined : moduleNamed(desk, filter.module)
      if (filter.module !== undefined && module === undefined) return { items: [] }
      return listEvents(desk, { ...filter, ...(module === undefined ? {} : { module }) }, page)
    },
  },
  {
    method: 'GET',
    path: '/api/v1/events/{id}',
    scope: 'read',
    summary: 'One event, with the reason in plain words where something is wrong.',
    params: { id: eventId },
    handle: ({ desk, params }) => showEvent(desk, params['id'] as string),
  },
  {
    method: 'GET',
    path: '/api/v1/records/{module}',
    scope: 'read',
    summary: 'Records of a module, by state, or by one of their ids or unique names (or its beginning).',
    params: { module: name },
    query: { ...paging, q: anyId, state: Joi.valid(...STATES) },
    async handle({ desk, params, query }) {
      const module = moduleNamed(desk, params['module'] as string)
      if (module === undefined) return undefined
      const { filter, page } = parted<RecordFilter>(query)
      return listRecords(desk, module, filter, page)
    },
  },
  {
    method: 'GET',
    path: '/api/v1/records/{module}/{id}',
    scope: 'read',
    summary: 'One record by our id or one of its own: why it is where it is, and its history.',
    params: { module: name, id: anyId },
    async handle({ desk, params }) {
      const module = moduleNamed(desk, params['module'] as string)
      return module === undefined ? undefined : showRecord(desk, module, params['id'] as string)
    },
  },
]
