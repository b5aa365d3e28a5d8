/** `/actions/watch`: notification channels. */
import type { Json, Payload } from '../../../core/plugin.ts'
import type { Announcer, Channel } from './announce.ts'
import { type Answer, invalidBody, invalidMethod, paramMissing, refusal } from './answers.ts'
import type { ApiCall } from './records.ts'
import type { World } from './world.ts'

const HOUR = 3_600_000
const WEEK = 7 * 24 * HOUR

const isObject = (value: Json | undefined): value is Payload =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** Absent, past, or more than a week ahead: one hour. */
const expiryOf = (value: Json | undefined, now: number): number => {
  const at = Date.parse(String(value ?? ''))
  return at > now && at <= now + WEEK ? at : now + HOUR
}

const together = (entries: readonly Payload[], good: number): Answer => {
  const failed = entries.filter(entry => entry['status'] === 'error').length
  return {
    status: failed === 0 ? good : failed === entries.length ? 400 : 207,
    body: { watch: [...entries] },
  }
}

export const watch = (world: World, announcer: Announcer, base: string, call: ApiCall): Answer => {
  const described = (channel: Channel): Payload[] =>
    [...new Set(channel.events.map(event => event.split('.')[0]!))].map(name => ({
      channel_expiry: world.store.moment(channel.expiresAt),
      resource_uri: `${base}/crm/v8/${name}`,
      resource_id: world.layout.get(name)?.id ?? null,
      resource_name: name,
      channel_id: channel.id,
    }))

  const subscribe = (row: Json, index: number, update: boolean): Payload => {
    if (!isObject(row)) return refusal('INVALID_DATA', 'invalid data', { json_path: `$.watch[${index}]` })
    const missing = (name: string) =>
      refusal('MANDATORY_NOT_FOUND', 'required field not found', {
        api_name: name,
        json_path: `$.watch[${index}].${name}`,
      })
    const id = row['channel_id'] === undefined || row['channel_id'] === null ? '' : String(row['channel_id'])
    if (id === '') return missing('channel_id')
    const known = announcer.channels.get(id)
    if (update && (known === undefined || known.expiresAt <= world.now()))
      return refusal('NOT_SUBSCRIBED', 'The user has not subscribed to the given channel', { channel_id: id })
    const events = Array.isArray(row['events'])
      ? row['events'].map(String)
      : update
        ? known!.events
        : undefined
    if (events === undefined || events.length === 0) return missing('events')
    if (
      events.some(
        event => !/^\w+\.(create|edit|delete|all)$/.test(event) || !world.layout.has(event.split('.')[0]!),
      )
    )
      return refusal('INVALID_DATA', 'invalid data', {
        api_name: 'events',
        json_path: `$.watch[${index}].events`,
      })
    const url = row['notify_url'] ?? (update ? known!.url : undefined)
    if (typeof url !== 'string' || !URL.canParse(url)) return missing('notify_url')
    const token = row['token'] ?? (update ? known!.token : null)
    if (token !== null && String(token).length > 50)
      return refusal('INVALID_DATA', 'invalid data', {
        maximum_length: 50,
        api_name: 'token',
        json_path: `$.watch[${index}].token`,
      })
    const channel: Channel = {
      id,
      url,
      events,
      token: token === null ? null : String(token),
      expiresAt: expiryOf(row['channel_expiry'], world.now()),
    }
    announcer.channels.set(id, channel)
    return {
      code: 'SUCCESS',
      details: { events: described(channel) },
      message: update
        ? 'Successfully updated the subscribe details'
        : 'Successfully subscribed for actions-watch of the given module',
      status: 'success',
    }
  }

  if (call.method === 'GET') {
    const live = [...announcer.channels.values()].filter(channel => channel.expiresAt > world.now())
    if (live.length === 0) return { status: 204 }
    const rows = live.map(channel => ({
      notify_url: channel.url,
      events: [...channel.events],
      channel_id: channel.id,
      token: channel.token,
      channel_expiry: world.store.moment(channel.expiresAt),
    }))
    return {
      status: 200,
      body: { watch: rows, info: { per_page: 200, count: rows.length, page: 1, more_records: false } },
    }
  }
  if (call.method === 'DELETE') {
    const ids =
      call.query
        .get('channel_ids')
        ?.split(',')
        .filter(id => id !== '') ?? []
    if (ids.length === 0) return paramMissing('channel_ids')
    const entries = ids.map((id): Payload => {
      const channel = announcer.channels.get(id)
      if (channel === undefined || !announcer.channels.delete(id))
        return refusal('NOT_SUBSCRIBED', 'The user has not subscribed to the given channel', {
          channel_id: id,
        })
      const [first] = described(channel)
      return {
        code: 'SUCCESS',
        details: {
          resource_uri: first!['resource_uri']!,
          resource_id: first!['resource_id']!,
          channel_id: id,
        },
        message: 'Successfully un-subscribed from actions-watch',
        status: 'success',
      }
    })
    return together(entries, 200)
  }
  if (!['POST', 'PUT', 'PATCH'].includes(call.method)) return invalidMethod()
  const rows = isObject(call.body) ? call.body['watch'] : undefined
  if (!Array.isArray(rows)) return invalidBody()
  const update = call.method === 'PATCH'
  return together(
    rows.map((row, index) => subscribe(row, index, update)),
    call.method === 'POST' ? 201 : 200,
  )
}
