import { RetryableError, SetupError, WaslError } from '../../core/errors.ts'
import type { HttpAnswer, HttpClient, Json, Payload } from '../../core/plugin.ts'
import { errorOf, errorOfStatus, refusalIn } from './errors.ts'
import { formOf } from './form.ts'

const PATH = '/webservice/rest/server.php'

export interface Call {
  /** Moodle's name of the function. */
  readonly name: string
  readonly parameters: Payload
  /** Whose call it is (`moodle/user`): what a missing capability shuts. */
  readonly resource: string
  /** Changes something: an answer that is lost leaves open whether it did. */
  readonly writes: boolean
}

export interface Answer {
  readonly body: Json
  /** A moment, in seconds since 1970 by Moodle's own clock, that is surely not after the answer was made. */
  readonly asOf: number
}

/** Calls functions of Moodle's web service; any answer that is not a good one is raised as an error of ours. */
export interface MoodleClient {
  call(call: Call, signal: AbortSignal): Promise<Answer>
  close(): void
}

/** The token goes into the form: Moodle reads neither an Authorization header nor a JSON body. */
export function moodleClient(http: HttpClient, token: string, now: () => number): MoodleClient {
  return {
    async call({ name, parameters, resource, writes }, signal) {
      const from = now()
      const answer = await http.request({
        method: 'POST',
        path: PATH,
        form: [
          ['wstoken', token],
          ['wsfunction', name],
          ['moodlewsrestformat', 'json'],
          ...formOf(parameters),
        ],
        signal,
      })
      const wrong = errorOfStatus(answer, name, writes)
      if (wrong !== undefined) throw wrong
      const body = bodyOf(answer, name, writes)
      const refusal = refusalIn(body)
      if (refusal !== undefined) throw errorOf(refusal, name, resource)
      return { body, asOf: asOf(answer, now() - from, now()) }
    },
    close: () => http.close(),
  }
}

function bodyOf(answer: HttpAnswer, name: string, writes: boolean): Json {
  try {
    return answer.json()
  } catch (cause) {
    if (!(cause instanceof WaslError)) throw cause
    throw new RetryableError('REMOTE_NOT_JSON', `Moodle's answer to ${name} is no JSON`, {
      remote: 'moodle',
      ambiguous: writes,
      hint: 'a page of a proxy, output of a plugin before the answer, or an answer that was cut; look at what Moodle logged',
      cause,
    })
  }
}

/**
 * What was read is at least as new as this. The time that the call took is taken off, and a second for rounding: a
 * change that came between Moodle's reading and its `Date` must not look older than what was read.
 */
function asOf(answer: HttpAnswer, elapsedMs: number, now: number): number {
  const date = Date.parse(answer.headers['date'] ?? '')
  return Math.floor(((Number.isNaN(date) ? now : date) - elapsedMs) / 1000) - 1
}

/** An answer of a shape that Moodle is not known to give. */
export function unexpected(name: string): SetupError {
  return new SetupError('MOODLE_ANSWER', `Moodle's answer to ${name} has a shape that is not known`, {
    remote: 'moodle',
    at: 'url',
    hint: 'Moodle 4.5 or later is needed; check that nothing between it and this engine changes answers',
  })
}

export const listIn = (body: Json, name: string): readonly Payload[] => {
  if (!Array.isArray(body) || !body.every(isObject)) throw unexpected(name)
  return body as Payload[]
}

export const isObject = (value: Json | undefined): value is Payload =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
