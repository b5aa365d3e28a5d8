/** MongoDB's error codes by name, as far as this server answers them (mongodb/mongo `error_codes.yml`). */
const codes = {
  InternalError: 1,
  BadValue: 2,
  NoSuchKey: 4,
  FailedToParse: 9,
  TypeMismatch: 14,
  Overflow: 15,
  IllegalOperation: 20,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  PathNotViable: 28,
  ConflictingUpdateOperators: 40,
  CursorNotFound: 43,
  NamespaceExists: 48,
  DollarPrefixedFieldName: 52,
  InvalidIdField: 53,
  EmptyFieldName: 56,
  CommandNotFound: 59,
  InvalidLength: 16,
  NotSingleValueField: 54,
  ImmutableField: 66,
  CannotCreateIndex: 67,
  InvalidOptions: 72,
  InvalidNamespace: 73,
  IndexOptionsConflict: 85,
  IndexKeySpecsConflict: 86,
  CannotIndexParallelArrays: 171,
  ConversionFailure: 241,
  NotImplemented: 238,
  QueryExceededMemoryLimitNoDiskUseAllowed: 292,
  MaxTimeMSExpired: 50,
  DocumentValidationFailure: 121,
  BSONObjectTooLarge: 10334,
  DuplicateKey: 11000,
  Location15957: 15957,
  Location31249: 31249,
  Location31253: 31253,
  Location31254: 31254,
  Location40323: 40323,
  Location40324: 40324,
  Location40352: 40352,
  Location40573: 40573,
  Location51024: 51024,
  Location51091: 51091,
  Location51246: 51246,
  IDLUnknownField: 40415,
  IDLFailedToParse: 40414,
  InvalidBSON: 22,
  OutOfDiskSpace: 14031,
  ShutdownInProgress: 91,
} as const

export type CodeName = keyof typeof codes

/** An error that is answered to the client as MongoDB words it: `code`, `codeName`, `errmsg` and fields of its own. */
export class CommandError extends Error {
  readonly code: number
  readonly codeName: CodeName
  /** Further fields of the answer: `keyPattern`, `keyValue`. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(codeName: CodeName, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.name = 'CommandError'
    this.code = codes[codeName]
    this.codeName = codeName
    this.details = details
  }
}

/** What MongoDB has and this server does not: refused by name, never ignored. */
export function unsupported(what: string): CommandError {
  return new CommandError(
    'NotImplemented',
    `${what} is not supported by the embedded server; set MONGODB_URI to a MongoDB for it`,
  )
}
