import type { Server } from '@hapi/hapi'
import { parseJson } from '../json.ts'
import type { Json } from '../plugin.ts'
import { eventAnswer } from './answers.ts'
import { rawBody } from './events.ts'
import type { Surroundings } from './ports.ts'
import { problem } from './problems.ts'
import type { Door } from './receive.ts'

const MAX_IDS = 500
const MAX_ID_LENGTH = 512

/** `POST /events/status` with `{"ids": [...]}`, ours or the sender's: what became of each. */
export function addStatusRoute(server: Server, { intake, limits }: Surroundings, door: Door): void {
  server.route({
    method: 'POST',
    path: '/api/v1/events/status',
    options: rawBody(),
    handler: (request, h) =>
      door.receive(
        request,
        { keys: true, scope: 'read', limits: { bytes: limits.webhookBytes, ms: limits.webhookMs } },
        async ({ sender, raw }) => {
          const events = await intake.status(sender.tenant, idsIn(parseJson(raw)))
          return h.response({ events: events.map(eventAnswer) })
        },
      ),
  })
}

/** Raises 400. */
export function idsIn(body: Json): string[] {
  const ids = body !== null && typeof body === 'object' && !Array.isArray(body) ? body['ids'] : undefined
  if (!Array.isArray(ids) || ids.length > MAX_IDS)
    throw refusal('/ids', `The body must be an object with a list of at most ${MAX_IDS} under "ids".`)
  return ids.map((id, index) => {
    if (typeof id === 'string' && id.length > 0 && id.length <= MAX_ID_LENGTH) return id
    throw refusal(`/ids/${index}`, `An id is a text of at most ${MAX_ID_LENGTH} characters.`)
  })
}

const refusal = (pointer: string, message: string) =>
  problem(400, 'STATUS_IDS', message, { findings: [{ pointer, code: 'STATUS_IDS', message }] })
