/** Where a record that is referred to and not here could be found in its remote. Pure. */
import type { CompiledPipeline } from './compiled.ts'
import { type RuleFile, ruleObject, sources } from './grammar.ts'

export interface Lookup {
  /** `zoho/BTEC_Students` */
  readonly resource: string
  /** The remote's field; absent: `value` is the remote's id. */
  readonly by?: string
  readonly value: string
}

/**
 * Of a reference's key, such as `student|moodleUserId=42`: only systems that are the register of that module are asked
 * (a sender that merely fills what is empty would not bring the record), and only keys of one field can be sought.
 */
export function lookupsOf({ flows, identity, file }: CompiledPipeline, key: string): readonly Lookup[] {
  const [, parts = ''] = key.split('|')
  const [pair, ...others] = parts.split('&')
  if (pair === undefined || others.length > 0) return []
  const field = pair.slice(0, pair.indexOf('='))
  const value = decodeURIComponent(pair.slice(pair.indexOf('=') + 1))
  return flows
    .filter(flow => flow.overwrite)
    .flatMap((flow): readonly Lookup[] => {
      if (identity.get(flow.from) === field) return [{ resource: flow.from, value }]
      const map = file.flows[flow.name]?.steps.find(({ step }) => step === 'map') as
        | { readonly fields?: Readonly<Record<string, RuleFile>> }
        | undefined
      const rule = map?.fields?.[field]
      // A field inside another (`Unit.name`) cannot be sought.
      const by =
        rule === undefined
          ? undefined
          : sources(ruleObject(rule, 'from').from).find(name => !name.includes('.'))
      return by === undefined ? [] : [{ resource: flow.from, by, value }]
    })
}
