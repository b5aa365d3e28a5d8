/** One of Moodle's exceptions, as its REST server writes it. `debuginfo` is shown with debugging on only. */
export class MoodleException extends Error {
  readonly exception: string
  readonly errorcode: string | undefined
  readonly debuginfo: string | undefined
  /** What production says where the two differ. */
  readonly production: { readonly errorcode: string; readonly message: string } | undefined

  constructor(
    exception: string,
    errorcode: string | undefined,
    message: string,
    debuginfo?: string,
    production?: { errorcode: string; message: string },
  ) {
    super(message)
    this.exception = exception
    this.errorcode = errorcode
    this.debuginfo = debuginfo
    this.production = production
  }

  /** In the order of Moodle's own keys. */
  body(debug: boolean): Record<string, string> {
    const { errorcode, message } = debug ? this : (this.production ?? this)
    return {
      exception: this.exception,
      ...(errorcode === undefined ? {} : { errorcode }),
      message,
      ...(debug && this.debuginfo !== undefined ? { debuginfo: this.debuginfo } : {}),
    }
  }
}

export const invalidParameter = (debuginfo: string) =>
  new MoodleException(
    'core\\exception\\invalid_parameter_exception',
    'invalidparameter',
    'Invalid parameter value detected',
    debuginfo,
  )

/** Moodle's own answer does not fit its description: a password's faults stand in the warning as a code. */
export const invalidWarning = (warningcode: string) =>
  new MoodleException(
    'core\\exception\\invalid_response_exception',
    'invalidresponse',
    'Invalid response value detected',
    `warnings => Invalid response value detected: warningcode => Invalid response value detected: Invalid external api response: the value is "${warningcode}" of PHP type "string", the server was expecting "alphanum" type`,
  )

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
