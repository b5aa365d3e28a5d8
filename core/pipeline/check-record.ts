import type { PipelineFile } from '../plugin.ts'
import { isId, unknownField } from './fields.ts'
import type { SharedFile } from './grammar.ts'
import { checkResource, type Known, type Tell } from './known.ts'
import type { Path } from './source.ts'

const isName = (name: unknown): name is string => typeof name === 'string' && name !== ''

/** The record of a module: every name that stands somewhere is one of its fields. */
export function checkRecord({ record }: PipelineFile, { registry }: Known, tell: Tell): void {
  const fields = record.fields ?? {}
  const expect = (name: unknown, path: Path): name is string => {
    // What is no name was told as misshapen.
    if (!isName(name)) return false
    if (Object.hasOwn(fields, name)) return true
    const { code, message, suggestion } = unknownField(name, fields, path)
    tell(path, code, message, suggestion)
    return false
  }
  const identities = new Map<string, string>()
  for (const [resource, field] of Object.entries(record.identity ?? {})) {
    const path = ['record', 'identity', resource]
    checkResource(resource, path, registry, tell)
    if (!expect(field, path)) continue
    if (!isId(fields[field]))
      tell(path, 'IDENTITY_NOT_ID', `"${field}" is an identity, so its format must be "id"`)
    const other = identities.get(field)
    if (other !== undefined) tell(path, 'IDENTITY_TWICE', `"${field}" already is the identity in ${other}`)
    identities.set(field, resource)
  }
  for (const list of ['unique', 'required', 'fingerprint'] as const)
    for (const [index, name] of (record[list] ?? []).entries()) {
      const path = ['record', list, index]
      if (expect(name, path) && list === 'fingerprint' && identities.has(name))
        tell(path, 'IDENTITY_FINGERPRINTED', `"${name}" is an identity: learning it would look like a change`)
    }
  for (const [index, key] of (record.findBy ?? []).entries())
    for (const name of typeof key === 'string' ? [key] : key) expect(name, ['record', 'findBy', index])
  for (const [name, field] of Object.entries(fields)) {
    const path = ['record', 'fields', name]
    if (field.items !== undefined && field.type !== 'array')
      tell(path, 'ITEMS_WITHOUT_LIST', `"${name}" has items, so its type must be "array"`)
    for (const required of field.items?.required ?? [])
      if (!Object.hasOwn(field.items?.fields ?? {}, required))
        tell(
          [...path, 'items', 'required'],
          'UNKNOWN_FIELD',
          `the rows of "${name}" have no field "${required}"`,
        )
    if (field.minimum !== undefined && field.maximum !== undefined && field.minimum > field.maximum)
      tell(path, 'RANGE_EMPTY', `"${name}" has a minimum above its maximum`)
  }
  for (const [resource, shared] of Object.entries((record.shared ?? {}) as Record<string, SharedFile>)) {
    const path = ['record', 'shared', resource]
    if (record.identity?.[resource] === undefined)
      tell(path, 'NOT_AN_IDENTITY', `the record has no identity in ${resource}`)
    for (const [index, name] of (shared.by ?? []).entries()) expect(name, [...path, 'by', index])
    if (shared.newest !== undefined) expect(shared.newest, [...path, 'newest'])
    for (const name of Object.keys(shared.while ?? {})) expect(name, [...path, 'while', name])
  }
}
