import { randomUUID } from 'node:crypto'
import type { Request } from '@hapi/hapi'

/** What the answer carries as `x-request-id` and the log's lines as `request`: ours, since anybody may send one. */
export function requestIdOf(request: Request): string {
  const state = request.app as { requestId?: string }
  state.requestId ??= randomUUID()
  return state.requestId
}
