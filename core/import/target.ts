/** Where an import goes: the engine that runs already, or one that runs for the import alone. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Delivery } from '../delivery/delivery.ts'
import { DataError, RetryableError, SetupError } from '../errors.ts'
import type { Credentials } from '../first-start.ts'
import { resultsOf } from '../http/answers.ts'
import { arrivalOf } from '../http/batch.ts'
import { parseJson } from '../json.ts'
import type { PipelineSet } from '../pipeline/compiled.ts'
import type { Json, Payload } from '../plugin.ts'
import type { Outcome } from './report.ts'

/** One part of the file. The key makes that a part which was sent before is not taken twice. */
export interface Chunk {
  readonly key: string
  readonly records: readonly Json[]
}

/** One outcome per record, in order; `repeated`: an earlier run brought them already. */
export interface Answer {
  readonly outcomes: readonly Outcome[]
  readonly repeated: boolean
}

export interface Target {
  /** `taken` resolves when what is sent next comes after these, `answer` when each has its outcome. */
  send(chunk: Chunk): { readonly taken: Promise<unknown>; readonly answer: Promise<Answer> }
}

const REQUEST_MS = 90_000
const LIVE_MS = 1000
/** An engine that restarts, or a store that lags, is waited for that long. */
const TRIES = 8
/** Records that an interrupted run left half done are found by the engine within a minute. */
const SETTLE_MS = 120_000

/** Does an engine of ours listen there? */
export async function isRunning(url: string): Promise<boolean> {
  if (url === '') return false
  try {
    const answer = await fetch(new URL('/health/live', url), { signal: AbortSignal.timeout(LIVE_MS) })
    return answer.ok
  } catch {
    // Nobody listens, or nobody who answers: then there is no engine to go through.
    return false
  }
}

/** Through `POST /sync/{module}` of the engine that runs. */
export function throughHttp(
  { url, key }: Pick<Credentials, 'url' | 'key'>,
  module: string,
  connector: string | undefined,
): Target {
  const query = connector === undefined ? '' : `?connector=${encodeURIComponent(connector)}`
  const address = `${url}/api/v1/sync/${encodeURIComponent(module)}${query}`
  const once = async (body: string, idempotencyKey: string) => {
    const response = await fetch(address, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${key}`,
        'idempotency-key': idempotencyKey,
      },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(REQUEST_MS),
    })
    return { status: response.status, answer: (parseJson(await response.text()) ?? {}) as Payload }
  }
  async function send({ key: chunk, records }: Chunk): Promise<Answer> {
    const body = JSON.stringify({ data: records })
    const deadline = performance.now() + SETTLE_MS
    for (let tries = 0; ; ) {
      const wait = Math.min(200 * 2 ** tries, 5000)
      const seen = await once(body, chunk).catch(cause => {
        if (++tries < TRIES) return undefined
        throw new RetryableError('ENGINE_UNREACHABLE', `The engine at ${url} does not answer.`, {
          hint: 'Run the same command again once it does: it goes on where it was.',
          cause,
        })
      })
      if (seen !== undefined && seen.status !== 503) {
        if (seen.status >= 400) throw refusal(seen)
        const outcomes = (seen.answer['results'] as readonly Payload[]).map(outcomeOf)
        const open = outcomes.some(({ state }) => state === 'open')
        if (!open || performance.now() > deadline)
          return { outcomes, repeated: seen.answer['status'] === 'duplicate_request' }
      } else if (seen !== undefined && ++tries >= TRIES) throw refusal(seen)
      await pause(wait)
    }
  }
  return {
    send(chunk) {
      const answer = send(chunk)
      return { taken: answer, answer }
    },
  }
}

const outcomeOf = (result: Payload): Outcome => ({
  state: result['outcome'] as Outcome['state'],
  ...given('code', result['code']),
  ...given('field', result['field']),
  ...given('message', result['message']),
})

const given = <K extends string>(name: K, value: Json | undefined): { [key in K]?: string } =>
  typeof value === 'string' ? ({ [name]: value } as { [key in K]: string }) : {}

function refusal({ status, answer }: { status: number; answer: Payload }) {
  const code = typeof answer['code'] === 'string' ? answer['code'] : `HTTP_${status}`
  const message = `The engine refused it: ${String(answer['message'] ?? `status ${status}`)}`
  const place = typeof answer['hint'] === 'string' ? { hint: answer['hint'] } : {}
  if (status >= 500) return new RetryableError(code, message, place)
  return status === 401 || status === 403
    ? new SetupError(code, message, place)
    : new DataError(code, message, place)
}

/** Through the delivery of an engine in this process. */
export function inProcess(
  delivery: Pick<Delivery, 'accept' | 'settled'>,
  to: { readonly tenant: string; readonly module: string; readonly connector: string },
  now: () => number,
): Target {
  const sender = { tenant: to.tenant, endpoint: 'import', trusted: true }
  async function answerOf(taken: ReturnType<Delivery['accept']>, records: Chunk['records']): Promise<Answer> {
    const { id, duplicate } = await taken
    const settled = await delivery.settled(to.tenant, id, SETTLE_MS, 'applied')
    return { outcomes: resultsOf(settled, records), repeated: duplicate }
  }
  return {
    send({ key, records }) {
      const batch = { sender, connector: to.connector, route: to.module }
      const taken = delivery.accept(arrivalOf(batch, { data: [...records] }, 0, key, now()))
      return { taken, answer: answerOf(taken, records) }
    },
  }
}

/** In whose shape the records are. Raises SetupError `CONNECTOR_NEEDED`. */
export function connectorFor(
  module: string,
  { resourceOf }: Pick<PipelineSet, 'resourceOf'>,
  connectors: readonly string[],
  { asked, preferred }: { readonly asked?: string | undefined; readonly preferred?: string | undefined },
): string {
  const fitting = connectors.filter(name => resourceOf(name, module) !== undefined)
  const wanted = asked ?? (preferred !== undefined && fitting.includes(preferred) ? preferred : undefined)
  const chosen = wanted ?? (fitting.length === 1 ? fitting[0] : undefined)
  if (chosen !== undefined && fitting.includes(chosen)) return chosen
  throw new SetupError(
    'CONNECTOR_NEEDED',
    asked === undefined
      ? `It must be said in whose shape the records are.`
      : `"${asked}" sends nothing to the module "${module}".`,
    { at: '--connector', hint: `Give --connector and one of: ${fitting.join(', ')}.` },
  )
}
