import { DataError, RetryableError, SetupError, WaslError } from '../../errors.ts'
import type {
  Check,
  Connection,
  HttpAnswer,
  Payload,
  ReadResult,
  ResourceConnection,
  Tools,
  WriteOperation,
  WriteResult,
} from '../../plugin.ts'
import { idOf, item } from './item.ts'
import type { SampleSettings } from './settings.ts'

const remote = 'sample'

/** The class of an error says what happens next: wait and try again, tell a person, or give this record up. */
function errorOf({ status, headers }: HttpAnswer, writes: boolean): WaslError | undefined {
  if (status === 200) return undefined
  if (status === 429)
    return new RetryableError('SAMPLE_BUSY', 'Sample asks us to slow down', {
      remote,
      gate: 'busy',
      retryAfterMs: Number(headers['retry-after'] ?? 1) * 1000,
    })
  if (status === 401 || status === 403)
    return new SetupError('SAMPLE_TOKEN', 'Sample refuses the token', {
      remote,
      at: 'token',
      hint: 'make a new token in Sample and set SAMPLE_TOKEN',
    })
  if (status >= 500)
    return new RetryableError('SAMPLE_OUTAGE', `Sample is out of order (status ${status})`, {
      remote,
      gate: 'outage',
      ambiguous: writes,
    })
  return new SetupError('SAMPLE_ANSWER', `Sample answered the status ${status}`, { remote, at: 'url' })
}

const chunks = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / item.perCall) }, (_, n) =>
    all.slice(n * item.perCall, (n + 1) * item.perCall),
  )

/** One college's connection. Nothing is sent before it is used. */
export function connect(settings: SampleSettings, tools: Tools): Connection {
  const http = tools.http(settings.url, { allowPrivate: settings.allowPrivate ?? false })

  async function call(path: string, json: unknown, signal: AbortSignal, writes = false): Promise<Payload> {
    const headers = { authorization: `Bearer ${settings.token}` }
    const answer = await http.request({ method: 'POST', path, headers, json, signal })
    const wrong = errorOf(answer, writes)
    if (wrong !== undefined) throw wrong
    return answer.json() as Payload
  }

  const items: ResourceConnection = {
    async read(ids, signal) {
      const results = new Map<string, ReadResult>()
      for (const chunk of chunks(ids)) {
        const answer = await call('/items/read', { ids: chunk }, signal)
        const found = new Map((answer['items'] as Payload[]).map(payload => [idOf(payload), payload]))
        const gone = new Set(answer['deleted'] as string[])
        for (const id of chunk) {
          const payload = found.get(id)
          results.set(
            id,
            payload === undefined ? { state: gone.has(id) ? 'gone' : 'unseen' } : { state: 'found', payload },
          )
        }
      }
      return results
    },

    async find(by, values, signal) {
      const results = new Map<string, Payload[]>()
      for (const chunk of chunks(values)) {
        const answer = await call('/items/search', { by, values: chunk }, signal)
        for (const payload of answer['items'] as Payload[]) {
          const value = String(payload[by])
          results.set(value, [...(results.get(value) ?? []), payload])
        }
      }
      return results
    },

    async write(operations, signal) {
      const results: WriteResult[] = []
      for (const [n, chunk] of chunks(operations).entries()) {
        try {
          const sent = chunk.map(({ id, fields }) => ({ id, fields }))
          const answer = await call('/items/write', { operations: sent }, signal, true)
          const answers = answer['results'] as Payload[]
          results.push(...chunk.map((operation, place) => resultOf(answers[place] ?? {}, operation)))
        } catch (error) {
          // What went well before must not be lost with it.
          if (n === 0 || !(error instanceof WaslError)) throw error
          results.push(...chunk.map((): WriteResult => ({ ok: false, error })))
        }
      }
      return results
    },
  }

  return {
    resources: { item: items },
    async check(signal): Promise<readonly Check[]> {
      try {
        await call('/status', {}, signal)
        return [{ name: 'sample', ok: true, message: 'in order' }]
      } catch (error) {
        if (!(error instanceof WaslError)) throw error
        return [{ name: 'sample', ok: false, message: error.message, hint: error.hint ?? 'try again later' }]
      }
    },
    async close() {
      http.close()
    },
  }
}

function resultOf(answer: Payload, operation: WriteOperation): WriteResult {
  const { ok, id, action, modified, code, field, message } = answer
  if (ok === true)
    return {
      ok,
      id: String(id),
      action: action === 'created' ? 'created' : 'updated',
      ...(typeof modified === 'number' ? { answered: [modified] } : {}),
    }
  const said = String(message ?? 'Sample gave no reason')
  if (code === 'gone')
    return { ok: false, error: new DataError('REMOTE_GONE', said, { remote, at: operation.id ?? 'id' }) }
  const error = new DataError('SAMPLE_REFUSED', said, { remote, at: String(field ?? 'id') })
  if (code !== 'duplicate') return { ok: false, error }
  return { ok: false, error, duplicateOf: { by: String(field), id: String(id) } }
}
