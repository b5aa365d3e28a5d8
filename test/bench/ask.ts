/** What the benchmarks ask of an engine as its admin. */
import type { Json } from '../../core/plugin.ts'
import type { Program } from './programs.ts'

export type Body = Readonly<Record<string, Json>>

/** Raises where the answer is no 2xx. */
export async function ask(
  { target: { host, port } }: Program,
  method: string,
  path: string,
  authorization: string,
  body?: Json,
): Promise<Body> {
  const response = await fetch(`http://${host}:${port}${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer = (await response.json()) as Body
  if (!response.ok)
    throw new Error(`${method} ${path} answered ${response.status}: ${JSON.stringify(answer)}`)
  return answer
}

/** The college's connection to one remote. */
export const connect = (program: Program, authorization: string, connector: string, settings: Body) =>
  ask(program, 'PUT', '/v1/extension/settings', authorization, { connector, settings })

/** The time that `share` of them do not exceed; `times` sorted. */
export const quantile = (times: readonly number[], share: number): number =>
  times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
