import { btec, subforms, type ZohoField, type ZohoModule } from '../btec.ts'

/** One module of the college's CRM as the sandbox keeps it. */
export interface LayoutModule {
  readonly name: string
  readonly id: string
  /** Rows of a parent's subform; not among the modules that people see. */
  readonly rows: boolean
  /** In the order of the layout, without the fields that every record has. */
  readonly fields: ReadonlyMap<string, ZohoField>
}

export type Layout = ReadonlyMap<string, LayoutModule>

/** What every record has, whatever its module; all but the owner are Zoho's own. */
export const systemFields = [
  'id',
  'Owner',
  'Created_By',
  'Modified_By',
  'Created_Time',
  'Modified_Time',
] as const

const FIRST_MODULE_ID = 5725767000000002175n

/** The BTEC modules, with further fields where a test or an integrator wants some. */
export const layoutOf = (
  extra: Readonly<Record<string, Readonly<Record<string, ZohoField>>>> = {},
): Layout => {
  const all: [string, ZohoModule, boolean][] = [
    ...Object.entries(btec).map(([name, module]): [string, ZohoModule, boolean] => [name, module, false]),
    ...Object.entries(subforms).map(([name, module]): [string, ZohoModule, boolean] => [name, module, true]),
  ]
  for (const name of Object.keys(extra))
    if (!all.some(([known]) => known === name))
      all.push([name, { summary: name, aliases: [], fields: {} }, false])
  return new Map(
    all.map(([name, { fields }, rows], n) => [
      name,
      {
        name,
        rows,
        id: String(FIRST_MODULE_ID + BigInt(n)),
        fields: new Map(Object.entries({ ...fields, ...extra[name] })),
      },
    ]),
  )
}
