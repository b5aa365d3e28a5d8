/** What the long runs share: a second engine on the college's store, posts to either, and many at a time. */
import { signatureHeaders } from '../../connectors/zoho/index.ts'
import { type Engine, startEngine } from '../../core/engine.ts'
import { createLog } from '../../core/log.ts'
import type { Json, Payload } from '../../core/plugin.ts'
import { type College, type CollegeOptions, connectors, openCollege } from '../e2e/college.ts'

export interface TwoEngines {
  readonly college: College
  readonly engines: readonly [Engine, Engine]
  close(): Promise<void>
}

/** Two engines on one store, between the same sandboxes. The sandboxes tell the first of their people's changes. */
export async function openTwo(options: CollegeOptions = {}): Promise<TwoEngines> {
  const college = await openCollege(options)
  const second = await another(college)
  return {
    college,
    engines: [college.engine, second],
    async close() {
      await second.stop()
      await college.close()
    },
  }
}

export const another = (college: College): Promise<Engine> =>
  startEngine({
    settings: college.settings,
    connectors,
    log: createLog({ level: college.settings.logLevel, readable: true }),
    connections: { zoho: { ...college.zoho.settings } as Payload, moodle: { ...college.moodle.settings } },
    ...college.options,
  })

/** A workflow's webhook to this engine; its status. */
export async function post(
  engine: Engine,
  module: string,
  body: Json,
  now: () => number = Date.now,
): Promise<number> {
  const endpoint = engine.credentials.endpoints['zoho']
  const path = `/api/v1/events/zoho/${module}?endpoint=${endpoint?.id}`
  const text = JSON.stringify(body)
  const signed = signatureHeaders(
    { method: 'POST', path, body: Buffer.from(text), now: now() },
    endpoint?.secret ?? '',
  )
  const response = await fetch(`${engine.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signed },
    body: text,
  })
  await response.arrayBuffer()
  return response.status
}

/** Runs `work` for 0 .. `count`-1, `atOnce` of them at a time. */
export async function many(count: number, atOnce: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0
  const one = async () => {
    while (next < count) {
      const n = next
      next += 1
      await work(n)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
}

export function permutations<T>(all: readonly T[]): readonly (readonly T[])[] {
  if (all.length <= 1) return [all]
  return all.flatMap((first, place) =>
    permutations([...all.slice(0, place), ...all.slice(place + 1)]).map(rest => [first, ...rest]),
  )
}

export const print = (line: string): void => void process.stdout.write(`    ${line}\n`)
