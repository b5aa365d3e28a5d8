/** Retries and dead letters: list, show, try again, give up, one by one or many as a job. */
import Joi from 'joi'
import { type BulkOrder, bulkView, cancelBulk, startBulk } from '../../operations/bulk.ts'
import { type Done, discard, replay, retry } from '../../operations/changes.ts'
import type { Desk } from '../../operations/desk.ts'
import {
  LETTER_STATES,
  type LetterFilter,
  listDeadLetters,
  listRetries,
  RETRY_STATES,
  showLetter,
} from '../../operations/letters.ts'
import { problem } from '../problems.ts'
import { parted } from './records.ts'
import { code, eventId, name, type Operation, objectId, paging, reason } from './route.ts'

const letterId = Joi.alternatives(objectId, eventId)
const filterOf = (states: readonly string[]) => ({
  module: name,
  code,
  state: Joi.valid(...states),
  because: Joi.string().pattern(/^[a-z_]{1,40}$/),
  age: Joi.number().integer().min(0).max(40_000_000),
})

/** Raises 409 where it is not in a state to be changed so. */
function outcome(done: Done, id: string): { id: string; status: 'accepted' } | undefined {
  if (done === 'missing') return undefined
  if (done === 'done') return { id, status: 'accepted' }
  throw problem(409, 'NOT_NOW', 'It is on its way, or at its goal: there is nothing to be changed so.', {
    hint: 'Look at it again; what is on its way ends by itself.',
  })
}

/** `afterwards`: something may be due now; `runJobs`: a job was ordered. */
export function letterOperations(afterwards: () => void, runJobs: () => void): readonly Operation[] {
  const change =
    (what: (desk: Desk, id: string, reason: string) => Promise<Done>): Operation['handle'] =>
    async ({ desk, params, body }) => {
      const id = params['id'] as string
      const done = outcome(await what(desk, id, body['reason'] ?? ''), id)
      afterwards()
      return done
    }

  const bulk =
    (orderOf: (body: object) => BulkOrder): Operation['handle'] =>
    async ({ desk, body }) => {
      const job = await startBulk(desk, orderOf(body))
      runJobs()
      return bulkView(job)
    }

  return [
    {
      method: 'GET',
      path: '/api/v1/retries',
      scope: 'read',
      summary: 'Records whose sending failed, or that stand at a gate, and are tried again by themselves.',
      query: { ...paging, ...filterOf(RETRY_STATES) },
      handle({ desk, query }) {
        const { filter, page } = parted<LetterFilter>(query)
        return listRetries(desk, filter, page)
      },
    },
    {
      method: 'POST',
      path: '/api/v1/retries/{id}/retry',
      scope: 'operate',
      summary: 'Tries a record again now.',
      params: { id: objectId },
      status: 202,
      handle: change((desk, id) => retry(desk, id)),
    },
    {
      method: 'POST',
      path: '/api/v1/retries/{id}/discard',
      scope: 'operate',
      summary: 'Gives up a record that is still tried again; a later change of it is taken as ever.',
      params: { id: objectId },
      body: { reason: reason.required() },
      handle: change(discard),
    },
    {
      method: 'POST',
      path: '/api/v1/retries/retry',
      scope: 'operate',
      summary: 'Tries all that fit the filter again now, as a job.',
      body: { filter: Joi.object(filterOf(RETRY_STATES)).default({}) },
      status: 202,
      handle: bulk(body => ({ what: 'retries.retry', ...(body as { filter: LetterFilter }) })),
    },
    {
      method: 'GET',
      path: '/api/v1/dead-letters',
      scope: 'read',
      summary:
        'What is not tried again by itself: dead and conflicting records, INVALID and unreadable events.',
      query: { ...paging, ...filterOf(LETTER_STATES) },
      handle({ desk, query }) {
        const { filter, page } = parted<LetterFilter>(query)
        return listDeadLetters(desk, filter, page)
      },
    },
    {
      method: 'GET',
      path: '/api/v1/dead-letters/{id}',
      scope: 'read',
      summary: 'One dead letter, by the id of its record or event.',
      params: { id: letterId },
      handle: ({ desk, params }) => showLetter(desk, params['id'] as string),
    },
    {
      method: 'POST',
      path: '/api/v1/dead-letters/{id}/retry',
      scope: 'operate',
      summary: 'Tries a dead letter again now, with what is stored.',
      params: { id: letterId },
      status: 202,
      handle: change((desk, id) => retry(desk, id)),
    },
    {
      method: 'POST',
      path: '/api/v1/dead-letters/{id}/discard',
      scope: 'operate',
      summary: 'Gives a dead letter up; a later change of the record is taken as ever.',
      params: { id: letterId },
      body: { reason: reason.required() },
      handle: change(discard),
    },
    {
      method: 'POST',
      path: '/api/v1/dead-letters/retry',
      scope: 'operate',
      summary: 'Tries all dead letters that fit the filter again, in the order received, as a job.',
      body: { filter: Joi.object(filterOf(LETTER_STATES)).default({}) },
      status: 202,
      handle: bulk(body => ({ what: 'dead-letters.retry', ...(body as { filter: LetterFilter }) })),
    },
    {
      method: 'POST',
      path: '/api/v1/dead-letters/discard',
      scope: 'operate',
      summary: 'Gives up all dead letters that fit the filter, as a job.',
      body: { filter: Joi.object(filterOf(LETTER_STATES)).min(1).required(), reason: reason.required() },
      status: 202,
      handle: bulk(body => ({
        what: 'dead-letters.discard',
        ...(body as { filter: LetterFilter; reason: string }),
      })),
    },
    {
      method: 'POST',
      path: '/api/v1/events/{id}/replay',
      scope: 'operate',
      summary: 'Puts the stored bytes of an event through its pipeline again; an older version stays older.',
      params: { id: eventId },
      status: 202,
      handle: change((desk, id) => replay(desk, id)),
    },
    {
      method: 'POST',
      path: '/api/v1/events/replay',
      scope: 'operate',
      summary: 'Replays what came between two moments, in the order received, as a job.',
      body: {
        from: Joi.string().isoDate().required(),
        to: Joi.string().isoDate().required(),
        module: name,
      },
      status: 202,
      handle: bulk(body => ({
        what: 'events.replay',
        ...(body as { from: string; to: string; module?: string }),
      })),
    },
    {
      method: 'GET',
      path: '/api/v1/bulk',
      scope: 'read',
      summary: 'Jobs over many records or events, newest first.',
      query: { limit: paging['limit'] as Joi.Schema },
      handle: async ({ desk, query }) => ({
        items: (await desk.store.bulk.page(desk.tenant.id, Number(query['limit']))).map(bulkView),
      }),
    },
    {
      method: 'GET',
      path: '/api/v1/bulk/{id}',
      scope: 'read',
      summary: 'The progress of a job.',
      params: { id: objectId },
      async handle({ desk, params }) {
        const job = await desk.store.bulk.one(desk.tenant.id, params['id'] as string)
        return job === null ? undefined : bulkView(job)
      },
    },
    {
      method: 'POST',
      path: '/api/v1/bulk/{id}/cancel',
      scope: 'operate',
      summary: 'Ends a job; what it has done stays done.',
      params: { id: objectId },
      async handle({ desk, params }) {
        const id = params['id'] as string
        return outcome(await cancelBulk(desk, id), id)
      },
    },
  ]
}
