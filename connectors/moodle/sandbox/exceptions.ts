/** Moodle's two settings: how much it says to developers, and whether it says it in the page too. */
export interface Debugging {
  readonly debug: boolean
  readonly debugDisplay: boolean
}

/**
 * One of Moodle's exceptions, as its REST server writes it. `debuginfo` is shown with debugging on only; where that is
 * displayed, it is part of the message too, and of the messages that quote it.
 */
export class MoodleException extends Error {
  readonly exception: string
  readonly errorcode: string | undefined
  readonly #debuginfo: string | ((debugging: Debugging) => string) | undefined
  /** What production says where the two differ. */
  readonly production: { readonly errorcode: string; readonly message: string } | undefined

  constructor(
    exception: string,
    errorcode: string | undefined,
    message: string,
    debuginfo?: string | ((debugging: Debugging) => string),
    production?: { errorcode: string; message: string },
  ) {
    super(message)
    this.exception = exception
    this.errorcode = errorcode
    this.#debuginfo = debuginfo
    this.production = production
  }

  debuginfo(debugging: Debugging): string | undefined {
    return typeof this.#debuginfo === 'function' ? this.#debuginfo(debugging) : this.#debuginfo
  }

  /** What it says with debugging on. */
  said(debugging: Debugging): string {
    const debuginfo = this.debuginfo(debugging)
    return debugging.debugDisplay && debuginfo ? `${this.message} (${debuginfo})` : this.message
  }

  /** In the order of Moodle's own keys. */
  body(debugging: Debugging): Record<string, string> {
    const { errorcode, message } = debugging.debug
      ? { errorcode: this.errorcode, message: this.said(debugging) }
      : (this.production ?? this)
    const debuginfo = debugging.debug ? this.debuginfo(debugging) : undefined
    return {
      exception: this.exception,
      ...(errorcode === undefined ? {} : { errorcode }),
      message,
      ...(debuginfo === undefined ? {} : { debuginfo }),
    }
  }
}

export const invalidParameter = (debuginfo: string | ((debugging: Debugging) => string)) =>
  new MoodleException(
    'core\\exception\\invalid_parameter_exception',
    'invalidparameter',
    'Invalid parameter value detected',
    debuginfo,
  )

/** A course or a category that is not there. */
export const noContext = () => invalidParameter('Context does not exist')

/** Moodle's own answer does not fit its description: a password's faults stand in the warning as a code. */
export const invalidWarning = (warningcode: string) =>
  invalidResponse(
    inside(
      'warnings',
      invalidResponse(
        inside(
          'warningcode',
          invalidResponse(
            `Invalid external api response: the value is "${warningcode}" of PHP type "string", the server was expecting "alphanum" type`,
          ),
        ),
      ),
    ),
  )

const invalidResponse = (debuginfo: string | ((debugging: Debugging) => string)) =>
  new MoodleException(
    'core\\exception\\invalid_response_exception',
    'invalidresponse',
    'Invalid response value detected',
    debuginfo,
  )

/** How Moodle tells of a fault within a structure. */
export const inside =
  (key: string, error: MoodleException) =>
  (debugging: Debugging): string =>
    `${key} => ${error.said(debugging)}: ${error.debuginfo(debugging)}`

export const moodleException = (errorcode: string, message: string, debuginfo?: string) =>
  new MoodleException('core\\exception\\moodle_exception', errorcode, message, debuginfo)

export const noCapability = (name: string) =>
  new MoodleException(
    'core\\exception\\required_capability_exception',
    'nopermissions',
    `Sorry, but you do not currently have permissions to do that (${name}).`,
  )

/** `where` as PHP prints the array of SQL parameters. */
const sql = (query: string, values: readonly (string | number)[]): string =>
  `${query}\n[array (\n${values
    .map((value, index) => `  ${index} => ${typeof value === 'number' ? value : `'${value}'`},\n`)
    .join('')})]`

export const noUser = (query: string, values: readonly (string | number)[]) =>
  new MoodleException('dml_missing_record_exception', 'invaliduser', 'Invalid user', sql(query, values), {
    errorcode: 'invalidrecordunknown',
    message: "Can't find data record in database.",
  })

export const noRecord = (table: string, query: string, values: readonly (string | number)[]) =>
  new MoodleException(
    'dml_missing_record_exception',
    'invalidrecord',
    `Can't find data record in database table ${table}.`,
    sql(query, values),
    { errorcode: 'invalidrecordunknown', message: "Can't find data record in database." },
  )

export const databaseFailed = () =>
  new MoodleException(
    'dml_write_exception',
    'dmlwriteexception',
    'Error writing to database',
    'the value is too long',
  )

export const invalidToken = () => moodleException('invalidtoken', 'Invalid token - token not found')
