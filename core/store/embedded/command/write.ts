/** insert, update, delete. */
import { numberOf } from '../bson/number.ts'
import { type Raw, Type } from '../bson/raw.ts'
import type { Encodable } from '../bson/writer.ts'
import { CommandError, unsupported } from '../errors.ts'
import { isTrue } from '../match/parse.ts'
import type { Collection } from '../storage/catalog.ts'
import { insert, prepared } from '../storage/documents.ts'
import type { Answer, Call, Definition } from './call.ts'
import { deleteMatching, type Statement, updateMatching } from './change.ts'

export const insertCommand: Definition = {
  fields: ['documents', 'ordered', 'bypassDocumentValidation'],
  run: call =>
    statements(call, call.list('documents'), (document, collection, done) => {
      insert(call.host.storage, collection, prepared(document))
      done.n++
    }),
}

export const updateCommand: Definition = {
  fields: ['updates', 'ordered', 'bypassDocumentValidation', 'let'],
  run: call => {
    refuseLet(call)
    return statements(
      call,
      call.list('updates'),
      (raw, collection, done, index) => {
        const statement = updateStatement(raw)
        const result = updateMatching(call.host.storage, collection, statement)
        done.n += result.matched
        done.modified += result.modified
        if (result.upserted) {
          done.n++
          done.upserted.push({ index, _id: result.upserted })
        }
      },
      true,
    )
  },
}

export const deleteCommand: Definition = {
  fields: ['deletes', 'ordered', 'let'],
  run: call => {
    refuseLet(call)
    return statements(call, call.list('deletes'), (raw, collection, done) => {
      const known = fieldsOf(raw, 'delete', ['q', 'limit', 'hint', 'collation'])
      const limit = known.get('limit')
      if (!limit)
        throw new CommandError(
          'IDLFailedToParse',
          "BSON field 'delete.deletes.limit' is missing but a required field",
        )
      done.n += deleteMatching(call.host.storage, collection, {
        query: required(known, 'q', 'delete.deletes'),
        hint: known.get('hint'),
        multi: numberOf(limit) === 0,
      })
    })
  },
}

export function refuseLet(call: Call): void {
  const variables = call.raw('let')
  if (variables && !variables.isEmpty) throw unsupported("'let'")
}

interface Done {
  n: number
  modified: number
  readonly upserted: { index: number; _id: Raw }[]
}

/** Runs statements in one transaction; each that fails becomes a write error, and with `ordered` ends the command. */
function statements(
  call: Call,
  list: readonly Raw[],
  run: (statement: Raw, collection: Collection, done: Done, index: number) => void,
  modifies = false,
): Promise<Answer> {
  const { storage } = call.host
  const { collection: name, database } = call
  const ordered = !call.has('ordered') || call.flag('ordered')
  if (list.length === 0 || list.length > 100_000)
    throw new CommandError(
      'InvalidLength',
      `Write batch sizes must be between 1 and 100000. Got ${list.length} operations.`,
    )
  return storage.write(() => {
    const done: Done = { n: 0, modified: 0, upserted: [] }
    const writeErrors: Encodable[] = []
    storage.within(database, name, collection => {
      for (const [index, statement] of list.entries()) {
        try {
          run(statement, collection, done, index)
        } catch (error) {
          if (!(error instanceof CommandError)) throw error
          writeErrors.push({ index, code: error.code, errmsg: error.message, ...(error.details as Answer) })
          if (ordered) break
        }
      }
    })
    return {
      n: done.n,
      ...(modifies ? { nModified: done.modified } : {}),
      ...(done.upserted.length > 0 ? { upserted: done.upserted } : {}),
      ...(writeErrors.length > 0 ? { writeErrors } : {}),
    }
  })
}

/** The fields of a statement; raises for those that are not known. */
function fieldsOf(statement: Raw, command: string, known: readonly string[]): Map<string, Raw> {
  const fields = new Map<string, Raw>()
  for (const { name, value } of statement.fields()) {
    if (!known.includes(name))
      throw new CommandError(
        'IDLUnknownField',
        `BSON field '${command}.${command}s.${name}' is an unknown field.`,
      )
    if (
      name === 'collation' &&
      value.type === Type.object &&
      !value.isEmpty &&
      value.get('locale')?.text() !== 'simple'
    )
      throw unsupported('collation')
    fields.set(name, value)
  }
  return fields
}

function required(fields: ReadonlyMap<string, Raw>, name: string, of: string): Raw {
  const value = fields.get(name)
  if (!value)
    throw new CommandError('IDLFailedToParse', `BSON field '${of}.${name}' is missing but a required field`)
  return value
}

function updateStatement(raw: Raw): Statement {
  const known = fieldsOf(raw, 'update', [
    'q',
    'u',
    'multi',
    'upsert',
    'arrayFilters',
    'hint',
    'collation',
    'c',
  ])
  const flag = (name: string) => {
    const value = known.get(name)
    return value !== undefined && isTrue(value)
  }
  return {
    query: required(known, 'q', 'update.updates'),
    update: required(known, 'u', 'update.updates'),
    multi: flag('multi'),
    upsert: flag('upsert'),
    arrayFilters: known.get('arrayFilters'),
    hint: known.get('hint'),
  }
}
