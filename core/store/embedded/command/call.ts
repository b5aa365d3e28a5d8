/** One command as it came, with typed access to its fields. */
import { numberOf } from '../bson/number.ts'
import { type Raw, Type, typeNames } from '../bson/raw.ts'
import type { Encodable } from '../bson/writer.ts'
import type { Cursors } from '../cursors.ts'
import { CommandError, unsupported } from '../errors.ts'
import { isTrue } from '../match/parse.ts'
import type { Storage } from '../storage/storage.ts'

export type Answer = { [name: string]: Encodable }

export interface Host {
  readonly storage: Storage
  readonly cursors: Cursors
  readonly startedAt: number
  /** How many clients are connected. */
  connections(): number
}

export interface Definition {
  /** Fields that the command knows, besides those that every command takes. */
  readonly fields: readonly string[]
  /** Fields that MongoDB knows and this server refuses. */
  readonly unsupported?: readonly string[]
  run(call: Call): Answer | Promise<Answer>
}

const everywhere = new Set([
  '$db',
  '$readPreference',
  '$clusterTime',
  'lsid',
  'comment',
  'maxTimeMS',
  'readConcern',
  'writeConcern',
  'apiVersion',
  'apiStrict',
  'apiDeprecationErrors',
])
const transactional = new Set(['txnNumber', 'startTransaction', 'autocommit'])

export class Call {
  readonly host: Host
  readonly name: string
  readonly database: string
  /** Numbers the connection, for `hello`. */
  readonly connection: number
  private readonly fields = new Map<string, Raw>()
  private readonly sequences: ReadonlyMap<string, readonly Raw[]>

  constructor(
    host: Host,
    body: Raw,
    sequences: ReadonlyMap<string, readonly Raw[]>,
    connection: number,
    database?: string,
  ) {
    this.host = host
    this.connection = connection
    this.sequences = sequences
    for (const { name, value } of body.fields()) this.fields.set(name, value)
    this.name = body.firstName() ?? ''
    this.database = database ?? this.fields.get('$db')?.text() ?? 'admin'
  }

  /** Raises what MongoDB raises for fields that the command does not know, and for transactions. */
  check(definition: Definition): void {
    for (const [field, value] of this.fields) {
      if (field === this.name || everywhere.has(field) || definition.fields.includes(field)) continue
      if (transactional.has(field))
        throw new CommandError(
          'IllegalOperation',
          'Transaction numbers are only allowed on a replica set member or mongos',
        )
      if (definition.unsupported?.includes(field)) throw unsupported(`${this.name} with '${field}'`)
      if (field === 'collation') {
        const locale = value.type === Type.object ? value.get('locale') : undefined
        if (value.type === Type.object && (value.isEmpty || locale?.text() === 'simple')) continue
        throw unsupported('collation')
      }
      throw new CommandError('IDLUnknownField', `BSON field '${this.name}.${field}' is an unknown field.`)
    }
    const level = this.fields.get('readConcern')?.get('level')
    if (level && !['local', 'available', 'majority', 'linearizable'].includes(level.text()))
      throw new CommandError(
        'InvalidOptions',
        `read concern level ${level.text()} is not supported on a standalone server`,
      )
    const w = this.fields.get('writeConcern')?.get('w')
    if (w?.isNumber && numberOf(w) > 1)
      throw new CommandError('BadValue', "cannot use 'w' > 1 when a host is not replicated")
  }

  /** A command inside this one (`explain`), on the same database. */
  inner(body: Raw): Call {
    return new Call(this.host, body, this.sequences, this.connection, this.database)
  }

  has(name: string): boolean {
    return this.fields.has(name)
  }

  /** A field; null counts as absent, as it does for most of MongoDB's optional fields. */
  raw(name: string): Raw | undefined {
    const value = this.fields.get(name)
    return value?.type === Type.null ? undefined : value
  }

  object(name: string): Raw | undefined {
    return this.typed(name, Type.object)
  }

  string(name: string): string | undefined {
    return this.typed(name, Type.string)?.text()
  }

  number(name: string): number | undefined {
    const value = this.raw(name)
    if (value && !value.isNumber) throw this.wrongType(name, value, 'number')
    return value && numberOf(value)
  }

  /** A count: an integer that is not negative. */
  size(name: string): number | undefined {
    const number = this.number(name)
    if (number === undefined) return undefined
    if (!Number.isInteger(number) || number < 0)
      throw new CommandError(
        'Location51024',
        `BSON field '${name}' value must be >= 0, actual value '${number}'`,
      )
    return number
  }

  flag(name: string): boolean {
    const value = this.raw(name)
    return value !== undefined && isTrue(value)
  }

  /** When `maxTimeMS` is over; undefined without one. */
  get deadline(): number | undefined {
    const limit = this.size('maxTimeMS')
    return limit ? Date.now() + limit : undefined
  }

  /** Statements: in the body or, as the driver prefers, in a section of their own. */
  list(name: string): readonly Raw[] {
    const list = this.sequences.get(name) ?? this.typed(name, Type.array)?.elements()
    if (!list)
      throw new CommandError(
        'IDLFailedToParse',
        `BSON field '${this.name}.${name}' is missing but a required field`,
      )
    return list
  }

  required(name: string): Raw {
    const value = this.raw(name)
    if (!value)
      throw new CommandError(
        'IDLFailedToParse',
        `BSON field '${this.name}.${name}' is missing but a required field`,
      )
    return value
  }

  /** The collection that the command names. */
  get collection(): string {
    const value = this.fields.get(this.name)
    if (value?.type !== Type.string)
      throw new CommandError('InvalidNamespace', 'collection name has invalid type')
    const name = value.text()
    if (name === '' || name.includes('$') || name.includes('\0') || name.startsWith('.'))
      throw new CommandError('InvalidNamespace', `Invalid namespace specified '${this.database}.${name}'`)
    return name
  }

  /** Undefined for commands on the whole database (`aggregate: 1`). */
  get collectionOrAll(): string | undefined {
    return this.fields.get(this.name)?.isNumber ? undefined : this.collection
  }

  get namespace(): string {
    return `${this.database}.${this.collection}`
  }

  private typed(name: string, type: number): Raw | undefined {
    const value = this.raw(name)
    if (value && value.type !== type) throw this.wrongType(name, value, typeNames[type]!)
    return value
  }

  private wrongType(name: string, value: Raw, wanted: string): CommandError {
    return new CommandError(
      'TypeMismatch',
      `BSON field '${this.name}.${name}' is the wrong type '${typeNames[value.type]}', expected type '${wanted}'`,
    )
  }
}
