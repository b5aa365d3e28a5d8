import { DataError, RetryableError, WaslError } from '../../core/errors.ts'
import type { Json, Log, Payload, WriteOperation, WriteResult } from '../../core/plugin.ts'
import type { ZohoClient } from './client.ts'
import { duplicateIn, errorOf, refusalIn } from './errors.ts'
import type { Fields, Metadata } from './metadata.ts'
import type { Reader } from './read.ts'
import { idText, RECORDS_PER_CALL, versionOf } from './resources.ts'
import { rowChanges } from './rows.ts'

const remote = 'zoho'
/** Below the 5 MiB of the client, with room for ids and deleted rows. */
const BYTES_PER_CALL = 4 * 1024 * 1024

/** Zoho's moments have no fractions of a second. */
const FRACTION = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+(Z|[+-]\d\d:?\d\d)$/

const asSent = (fields: Payload, known: Fields): Payload => {
  const sent: Payload = {}
  for (const [name, value] of Object.entries(fields))
    if (name !== 'id')
      sent[name] =
        typeof value === 'string' && known.get(name)?.type === 'datetime'
          ? value.replace(FRACTION, '$1$2')
          : value
  return sent
}

/** One entry of `data[]` in an answer. */
const resultOf = (
  entry: Json | undefined,
  status: number,
  operation: WriteOperation,
  module: string,
): WriteResult => {
  const refusal = refusalIn(entry, status)
  if (refusal.code === 'SUCCESS') {
    const id = idText(refusal.details['id'])
    if (id === undefined) return { ok: false, error: unclear('Zoho answered SUCCESS without an id') }
    const answered = versionOf(refusal.details)
    const action = operation.id === undefined ? 'created' : 'updated'
    return { ok: true, id, action, ...(answered.length > 0 ? { answered } : {}) }
  }
  if (refusal.code === '') return { ok: false, error: unclear('Zoho answered nothing about this record') }
  // The status is that of the whole call; what is wrong with this record its own code says.
  const error = errorOf({ ...refusal, status: 400 }, { resource: module, writes: true })
  const duplicateOf = operation.id === undefined ? duplicateIn(refusal) : undefined
  return { ok: false, error, ...(duplicateOf === undefined ? {} : { duplicateOf }) }
}

const unclear = (message: string) =>
  new RetryableError('ZOHO_UNREADABLE', message, { remote, ambiguous: true })

interface Placed {
  readonly operation: WriteOperation
  readonly n: number
}

/** Up to a hundred at once, and no more bytes than a client sends. */
const callsOf = (placed: readonly Placed[]): Placed[][] => {
  const calls: Placed[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const each of placed) {
    const size = Buffer.byteLength(JSON.stringify(each.operation.fields))
    const last = calls.at(-1)
    if (last === undefined || last.length === RECORDS_PER_CALL || bytes + size > BYTES_PER_CALL) {
      calls.push([each])
      bytes = size
    } else {
      last.push(each)
      bytes += size
    }
  }
  return calls
}

export const createWriter = (
  client: ZohoClient,
  metadata: Metadata,
  reader: Reader,
  module: string,
  log: Log,
) => {
  const told = new Set<string>()
  /** Zoho passes over fields that it does not know, so nobody else would say so. Once for each field. */
  const tellUnknown = (operations: readonly WriteOperation[], known: Fields) => {
    for (const { fields } of operations)
      for (const field of Object.keys(fields)) {
        if (field === 'id' || known.has(field) || told.has(field)) continue
        told.add(field)
        log.warn('zoho.unknown_field', { module, field })
      }
  }

  /** Creations are inserts, never upserts: a record that nobody has matched is reported, not overwritten. */
  const send = async (
    operations: readonly WriteOperation[],
    bodies: readonly Payload[],
    signal: AbortSignal,
  ): Promise<readonly WriteResult[]> => {
    const method = operations[0]!.id === undefined ? 'POST' : 'PUT'
    // No workflow, approval or blueprint runs: what we write is not to come back to us as news.
    const json = { data: bodies, trigger: [] }
    const { status, body } = await client.call({ method, path: `/${module}`, json, resource: module, signal })
    const entries = Array.isArray(body['data']) ? body['data'] : []
    return operations.map((operation, n) => resultOf(entries[n], status, operation, module))
  }

  /** The rows of subforms as changes to those that are there now; records that are gone are told so. */
  const withRows = async (operations: readonly WriteOperation[], known: Fields, signal: AbortSignal) => {
    const subforms = [...known.values()].filter(field => field.type === 'subform').map(field => field.name)
    const named = (operation: WriteOperation) =>
      subforms.filter(name => Array.isArray(operation.fields[name]))
    const ids = operations.flatMap(operation =>
      operation.id !== undefined && named(operation).length > 0 ? operation.id : [],
    )
    const there = ids.length === 0 ? new Map<string, Payload>() : await reader.singly(ids, signal)
    return operations.map((operation): Payload | undefined => {
      const sent = asSent(operation.fields, known)
      if (operation.id === undefined) return sent
      const record = there.get(operation.id)
      const names = named(operation)
      if (names.length > 0 && record === undefined) return undefined
      for (const name of names) {
        const now = record![name]
        sent[name] = rowChanges(Array.isArray(now) ? now : [], operation.fields[name] as Json[])
      }
      return { ...sent, id: operation.id }
    })
  }

  const gone = (): WriteResult => ({
    ok: false,
    error: new DataError('REMOTE_GONE', 'Zoho has no such record', { at: 'id', remote }),
  })

  /** What one call of up to a hundred answered; its failure as a whole is every operation's. */
  const attempt = async (operations: readonly WriteOperation[], known: Fields, signal: AbortSignal) => {
    const bodies = await withRows(operations, known, signal)
    const sendable = operations.flatMap((operation, n) =>
      bodies[n] === undefined ? [] : [{ operation, body: bodies[n] }],
    )
    const results =
      sendable.length === 0
        ? []
        : await send(
            sendable.map(({ operation }) => operation),
            sendable.map(({ body }) => body),
            signal,
          )
    let next = 0
    return bodies.map(body => (body === undefined ? gone() : results[next++]!))
  }

  /** Results in the order of the operations. Raises only where nothing was carried out before the failure. */
  return async (
    operations: readonly WriteOperation[],
    signal: AbortSignal,
  ): Promise<readonly WriteResult[]> => {
    if (operations.length === 0) return []
    const known = await metadata.fields(module)
    tellUnknown(operations, known)
    const results: WriteResult[] = new Array(operations.length)
    const places = operations.map((operation, n) => ({ operation, n }))
    const calls = [
      ...callsOf(places.filter(({ operation }) => operation.id === undefined)),
      ...callsOf(places.filter(({ operation }) => operation.id !== undefined)),
    ]
    let answered = false
    let failure: WaslError | undefined
    for (const call of calls) {
      if (failure === undefined)
        try {
          const part = await attempt(
            call.map(({ operation }) => operation),
            known,
            signal,
          )
          for (const [index, { n }] of call.entries()) results[n] = part[index]!
          answered = true
          continue
        } catch (error) {
          if (!answered || !(error instanceof WaslError)) throw error
          failure = error
          for (const { n } of call) results[n] = { ok: false, error }
          continue
        }
      const error = notSent(failure)
      for (const { n } of call) results[n] = { ok: false, error }
    }
    return results
  }
}

/** For the calls after one that failed: they were not made, so nothing of theirs is ambiguous. */
const notSent = (failure: WaslError): WaslError =>
  failure instanceof RetryableError && failure.ambiguous
    ? new RetryableError(failure.code, `${failure.message}; this one was not sent`, {
        remote,
        gate: failure.gate,
        retryAfterMs: failure.retryAfterMs,
      })
    : failure
