/** All commands by name, and how one is run. */

import { doubleRaw } from '../bson/number.ts'
import type { Raw } from '../bson/raw.ts'
import type { Encodable } from '../bson/writer.ts'
import { CommandError } from '../errors.ts'
import { loadExpressions, NeedsExpressions } from '../expressions.ts'
import { aggregateCommand } from './aggregate.ts'
import { type Answer, Call, type Definition, type Host } from './call.ts'
import { explainCommand } from './explain.ts'
import {
  countCommand,
  distinctCommand,
  findAndModifyCommand,
  findCommand,
  getMoreCommand,
  killCursorsCommand,
} from './find.ts'
import {
  createCommand,
  createIndexesCommand,
  dropCommand,
  dropDatabaseCommand,
  dropIndexesCommand,
  listCollectionsCommand,
  listDatabasesCommand,
  listIndexesCommand,
} from './schema.ts'
import { sessionCommands } from './session.ts'
import { deleteCommand, insertCommand, updateCommand } from './write.ts'

const commands = new Map<string, Definition>(
  Object.entries({
    ...sessionCommands,
    insert: insertCommand,
    update: updateCommand,
    delete: deleteCommand,
    find: findCommand,
    getMore: getMoreCommand,
    killCursors: killCursorsCommand,
    count: countCommand,
    aggregate: aggregateCommand,
    explain: explainCommand,
    distinct: distinctCommand,
    findAndModify: findAndModifyCommand,
    findandmodify: findAndModifyCommand,
    create: createCommand,
    drop: dropCommand,
    dropDatabase: dropDatabaseCommand,
    createIndexes: createIndexesCommand,
    dropIndexes: dropIndexesCommand,
    deleteIndexes: dropIndexesCommand,
    listIndexes: listIndexesCommand,
    listCollections: listCollectionsCommand,
    listDatabases: listDatabasesCommand,
  }),
)

/** Runs a command; what it cannot do comes back as an answer with `ok: 0`. */
export function run(
  host: Host,
  body: Raw,
  sequences: ReadonlyMap<string, readonly Raw[]>,
  connection: number,
): Answer | Promise<Answer> {
  const attempt = () => {
    const call = new Call(host, body, sequences, connection)
    const definition = commands.get(call.name)
    if (!definition) throw new CommandError('CommandNotFound', `no such command: '${call.name}'`)
    call.check(definition)
    return definition.run(call)
  }
  const again = async (error: unknown) => {
    if (!(error instanceof NeedsExpressions)) return failed(error)
    await loadExpressions()
    return Promise.resolve().then(attempt).then(succeeded, failed)
  }
  try {
    const answer = attempt()
    return answer instanceof Promise ? answer.then(succeeded, again) : succeeded(answer)
  } catch (error) {
    return error instanceof NeedsExpressions ? again(error) : failed(error)
  }
}

function succeeded(answer: Answer): Answer {
  answer['ok'] = okay
  return answer
}

const okay = doubleRaw(1)
const notOkay = doubleRaw(0)

export function failed(error: unknown): Answer {
  if (error instanceof CommandError) {
    return {
      ok: notOkay,
      errmsg: error.message,
      code: error.code,
      codeName: error.codeName,
      ...(error.details as { [name: string]: Encodable }),
    }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { ok: notOkay, errmsg: `the embedded server failed: ${message}`, code: 1, codeName: 'InternalError' }
}
