import type { Request } from '@hapi/hapi'
import { WaslError } from '../errors.ts'
import { parseJson } from '../json.ts'
import type { Json } from '../plugin.ts'
import { callerBy, type Sender, senderOf, signerOf } from './authentication.ts'
import { type BodyLimits, createBodyReader } from './body.ts'
import { createFairness, type Fairness } from './fairness.ts'
import type { Scope, Surroundings } from './ports.ts'
import { createPlaces, type Places } from './prefer.ts'
import { unavailable } from './problems.ts'

/** One request whose sender is known, with its exact bytes. */
export interface Received {
  readonly sender: Sender
  readonly raw: Buffer
}

/** What the routes of one server share. */
export interface Door {
  readonly fairness: Fairness
  readonly waiters: Places
  /**
   * Reads the body, finds out who sent it, and runs `use` while the body counts as memory in use. A key is judged
   * before a byte is read. Raises 401, 403, 408, 413, 415 and 503.
   */
  receive<T>(
    request: Request,
    expected: { connector?: string; keys: boolean; scope: Scope; limits: BodyLimits },
    use: (received: Received) => Promise<T>,
  ): Promise<T>
  /** The exact bytes that came to such a route, at most 1 MiB, kept for `readJson`. Raises 408, 413, 415 and 503. */
  readBytes(request: Request): Promise<Buffer>
  /**
   * The JSON that came to a route with `rawBody()` whose caller hapi knows already (strategy `key`), at most 1 MiB.
   * Raises 408, 413, 415, 503, and DataError `JSON_...` (400).
   */
  readJson(request: Request): Promise<Json>
}

export function createDoor(surroundings: Surroundings): Door {
  const { intake, limits } = surroundings
  const bodies = createBodyReader(limits.bodyBytes)
  const kept = new WeakMap<Request, Buffer>()

  async function readBytes(request: Request): Promise<Buffer> {
    const known = kept.get(request)
    if (known !== undefined) return known
    const raw = await bodies.read(request.raw.req, { bytes: limits.webhookBytes, ms: limits.webhookMs })
    bodies.release(raw)
    kept.set(request, raw)
    return raw
  }

  return {
    fairness: createFairness(limits.bodyBytes),
    waiters: createPlaces(limits.waiters),

    async receive(request, expected, use) {
      if (!intake.open) throw unavailable('STOPPING', 'The engine is stopping. Please try again.')
      const caller = expected.keys ? await callerBy(request, expected.scope, surroundings) : undefined
      const raw = await bodies.read(request.raw.req, expected.limits)
      try {
        const sender =
          caller === undefined
            ? await signerOf(request, raw, expected.connector, surroundings)
            : senderOf(caller)
        return await use({ sender, raw })
      } finally {
        bodies.release(raw)
      }
    },

    readBytes,

    readJson: async request => parseJson(await readBytes(request)),
  }
}

/** The body, or why it could not be read: a signed delivery is kept either way. */
export function bodyOrFailure(raw: Buffer): { body: Json } | { failure: WaslError } {
  try {
    return { body: parseJson(raw) }
  } catch (error) {
    if (error instanceof WaslError) return { failure: error }
    throw error
  }
}
