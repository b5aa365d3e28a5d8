/**
 * A small surface without OAuth for people at a terminal: what a registrar does in the CRM's pages. The sandbox
 * listens on loopback only.
 */
import type { Json, Payload } from '../../../core/plugin.ts'
import { type Answer, invalidBody, invalidMethod, refusal } from './answers.ts'
import type { Faults } from './faults.ts'
import type { LoggedCall } from './log.ts'
import type { World } from './world.ts'

const isObject = (value: Json | undefined): value is Payload =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

const missing = (what: string): Answer => ({
  status: 404,
  body: refusal('NOT_FOUND', `${what} is not there`),
})

export const control = (
  world: World,
  log: readonly LoggedCall[],
  method: string,
  url: URL,
  body: Json | undefined,
): Answer => {
  const [, , first, id] = url.pathname.split('/').map(decodeURIComponent)
  if (first === undefined || first === '')
    return {
      status: 200,
      body: {
        modules: Object.fromEntries([...world.layout.keys()].map(name => [name, world.store.count(name)])),
      },
    }
  if (first === 'log') return { status: 200, body: JSON.parse(JSON.stringify(log)) as Json }
  if (first === 'faults') {
    if (method === 'POST' && isObject(body)) world.faults.set(body as Faults)
    return { status: 200, body: { ...world.faults.current } as Json }
  }
  const module = world.layout.get(first)
  if (module === undefined) return missing(`a module named ${first}`)
  const { store } = world
  const named = [...url.searchParams].filter(([name]) => name !== 'webhook')
  const rows = () =>
    [...store.table(module.name)]
      .map(stored => ({ stored, shown: store.show(module, stored) }))
      .filter(({ shown }) => named.every(([name, value]) => String(shown[name] ?? '') === value))
  if (id === undefined && method === 'PATCH' && named.length > 0) {
    const [row, ...others] = rows()
    if (row === undefined || others.length > 0) return missing(`one record of ${first} with that`)
    return control(world, log, method, new URL(`/sandbox/${first}/${row.stored.id}`, url), body)
  }
  if (id === undefined) {
    if (method === 'GET') return { status: 200, body: { data: rows().map(({ shown }) => shown) } }
    if (method !== 'POST') return invalidMethod()
    if (!isObject(body)) return invalidBody()
    const saved = world.save(module, body, { workflow: true })
    return 'error' in saved
      ? { status: 400, body: saved.error }
      : { status: 201, body: store.show(module, saved.stored) }
  }
  const stored = store.get(module.name, id)
  if (stored === undefined) return missing(`a record ${id} in ${first}`)
  if (method === 'GET') return { status: 200, body: store.show(module, stored) }
  if (method === 'DELETE') {
    world.remove(module, id, true)
    return { status: 200, body: { deleted: id } }
  }
  if (method !== 'PATCH' && method !== 'PUT') return invalidMethod()
  if (!isObject(body)) return invalidBody()
  const saved = world.save(module, body, { id, workflow: true })
  return 'error' in saved
    ? { status: 400, body: saved.error }
    : { status: 200, body: store.show(module, saved.stored) }
}
