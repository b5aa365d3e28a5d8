/** `/settings/modules`, `/settings/fields`, `/users` and `/org`. */
import type { Json, Payload } from '../../../core/plugin.ts'
import type { ZohoField } from '../btec.ts'
import { type Answer, invalidMethod, paramMissing } from './answers.ts'
import type { LayoutModule } from './layout.ts'
import type { ApiCall } from './records.ts'
import { owner } from './store.ts'
import { lengthOf } from './validate.ts'
import type { World } from './world.ts'

const label = (name: string) => name.replace(/^BTEC_/, '').replaceAll('_', ' ')

const jsonTypes: Readonly<Record<string, string>> = {
  multiselectpicklist: 'jsonarray',
  subform: 'jsonarray',
  lookup: 'jsonobject',
  ownerlookup: 'jsonobject',
  integer: 'integer',
  double: 'double',
  boolean: 'boolean',
}

const lengths: Readonly<Record<string, number>> = {
  picklist: 120,
  integer: 9,
  bigint: 18,
  double: 16,
  date: 20,
  datetime: 120,
  lookup: 120,
  ownerlookup: 120,
  subform: 100,
  autonumber: 255,
  boolean: 5,
}

interface Entry {
  readonly name: string
  readonly type: string
  readonly field?: ZohoField
  readonly readOnly: boolean
}

/** Keys that do not apply are `{}` or null, as Zoho has them. */
const entryOf = (world: World, module: LayoutModule, entry: Entry, n: number): Payload => {
  const { name, type, field, readOnly } = entry
  const id = (k: number) => String(BigInt(module.id) * 1000n + BigInt(k)).slice(-19)
  const target = field?.of === undefined ? undefined : world.layout.get(field.of)
  const reference = target === undefined ? {} : { api_name: target.name, id: target.id }
  return {
    api_name: name,
    field_label: label(name),
    display_label: label(name),
    data_type: type,
    json_type: jsonTypes[type] ?? 'string',
    id: id(n + 1),
    length: field === undefined ? (lengths[type] ?? 255) : (lengthOf(field) ?? lengths[type] ?? 255),
    system_mandatory: field?.mandatory === true,
    unique: field?.unique === true ? { casesensitive: '0' } : {},
    read_only: readOnly,
    field_read_only: readOnly,
    custom_field: field !== undefined && name !== 'Name',
    external: null,
    visible: true,
    view_type: { view: true, edit: !readOnly, quick_create: false, create: !readOnly },
    operation_type: {
      web_update: !readOnly,
      api_create: !readOnly,
      web_create: !readOnly,
      api_update: !readOnly,
    },
    pick_list_values: (field?.values ?? []).map((value, k) => ({
      display_value: value,
      actual_value: value,
      id: id(500 + k),
      sequence_number: k + 1,
      type: 'used',
    })),
    lookup:
      type === 'lookup'
        ? { display_label: label(name), api_name: name, module: reference, id: id(n + 1) }
        : {},
    subform: type === 'subform' && target !== undefined ? { module: target.name, id: target.id } : null,
    associated_module:
      type === 'subform' && target !== undefined ? { module: target.name, id: target.id } : null,
    auto_number: type === 'autonumber' ? { prefix: '', suffix: '', start_number: 1 } : {},
    decimal_place: type === 'double' ? 2 : null,
    created_source: 'default',
    formula: {},
    currency: {},
    multiselectlookup: {},
    related_details: null,
    crypt: null,
    tooltip: null,
    history_tracking: null,
    default_value: null,
  }
}

const system: readonly Entry[] = [
  { name: 'id', type: 'bigint', readOnly: true },
  { name: 'Owner', type: 'ownerlookup', readOnly: false },
  { name: 'Created_By', type: 'ownerlookup', readOnly: true },
  { name: 'Modified_By', type: 'ownerlookup', readOnly: true },
  { name: 'Created_Time', type: 'datetime', readOnly: true },
  { name: 'Modified_Time', type: 'datetime', readOnly: true },
]

/** The module whose records hold the rows of this one. */
const parentOf = (world: World, rows: LayoutModule): string | undefined =>
  [...world.layout.values()].find(module =>
    [...module.fields.values()].some(field => field.type === 'subform' && field.of === rows.name),
  )?.name

const fieldsOf = (world: World, module: LayoutModule): Payload[] => {
  const own = [...module.fields].map(
    ([name, field]): Entry => ({ name, type: field.type, field, readOnly: field.type === 'autonumber' }),
  )
  const parent = parentOf(world, module)
  const back: Entry[] =
    parent === undefined
      ? []
      : [{ name: 'Parent_Id', type: 'lookup', field: { type: 'lookup', of: parent }, readOnly: true }]
  return [...own, ...back, ...system].map((entry, n) => entryOf(world, module, entry, n))
}

const modules = (world: World): Json => ({
  modules: [...world.layout.values()].map(module => ({
    api_name: module.name,
    module_name: module.name,
    singular_label: label(module.name),
    plural_label: label(module.name),
    id: module.id,
    api_supported: true,
    generated_type: module.rows ? 'subform' : 'custom',
    creatable: !module.rows,
    editable: true,
    deletable: true,
    viewable: true,
    visible: true,
    status: 'visible',
  })),
})

/** Answers undefined where the path is none of these. */
export const settings = (world: World, call: ApiCall): Answer | undefined => {
  const path = call.segments.join('/')
  const known = ['settings/modules', 'settings/fields', 'users', 'org'].includes(path)
  if (!known) return undefined
  if (call.method !== 'GET') return invalidMethod()
  if (path === 'settings/modules') return { status: 200, body: modules(world) }
  if (path === 'users')
    return {
      status: 200,
      body: {
        users: [
          {
            id: owner.id,
            full_name: owner.name,
            first_name: 'Wasl',
            last_name: 'College',
            email: owner.email,
            status: 'active',
            zuid: '75092197',
            time_zone: 'Asia/Amman',
            role: { name: 'CEO', id: '5725767000000026005' },
            profile: { name: 'Administrator', id: '5725767000000026011' },
          },
        ],
        info: { per_page: 200, count: 1, page: 1, more_records: false },
      },
    }
  if (path === 'org')
    return {
      status: 200,
      body: {
        org: [
          {
            id: '5725767000000020001',
            zgid: '60001234567',
            company_name: owner.name,
            primary_email: owner.email,
            time_zone: 'Asia/Amman',
            country_code: 'JO',
            iso_code: 'JOD',
          },
        ],
      },
    }
  const name = call.query.get('module')
  return name === undefined
    ? paramMissing('module')
    : { status: 200, body: { fields: fieldsOf(world, world.module(name)) } }
}
