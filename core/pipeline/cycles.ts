import type { PipelineFile } from '../plugin.ts'
import { flowReferences } from './references.ts'
import type { Path } from './source.ts'

/** Modules that wait for each other in a ring would wait for ever; each ring is told once, where it begins. */
export function dependencyCycles(
  modules: ReadonlyMap<string, PipelineFile>,
): readonly { module: string; path: Path; message: string }[] {
  const edges = new Map<string, Map<string, Path>>()
  for (const [module, file] of modules) {
    const targets = new Map<string, Path>()
    for (const [flow, { steps }] of Object.entries(file.flows ?? {}))
      for (const reference of flowReferences({ steps: steps ?? [] } as never)) {
        const index = (steps ?? []).findIndex(step => step.step === 'dependency-check')
        if (reference.needed && reference.module !== module)
          targets.set(reference.module, ['flows', flow, 'steps', index, 'needs', reference.name])
      }
    edges.set(module, targets)
  }
  const found: { module: string; path: Path; message: string }[] = []
  const done = new Set<string>()
  const visit = (module: string, way: readonly string[]): void => {
    for (const [next, path] of edges.get(module) ?? []) {
      const start = way.indexOf(next)
      if (start >= 0) {
        const ring = [...way.slice(start), next].join(' -> ')
        found.push({ module, path, message: `modules wait for each other: ${ring}` })
      } else if (!done.has(next)) visit(next, [...way, next])
    }
    done.add(module)
  }
  for (const module of edges.keys()) if (!done.has(module)) visit(module, [module])
  return found
}
