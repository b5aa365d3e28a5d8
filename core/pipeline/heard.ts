import { DataError } from '../errors.ts'
import type { Fields, PushPlan, Run, Work } from '../plugin.ts'

/**
 * What a sender holds of what was sent to it, once it has said itself that something is otherwise: what was sent last
 * is news to it again then. Undefined: that cannot be told, or it did not hold it before. Pure.
 */
export function heard(
  plan: Pick<PushPlan, 'render'>,
  sent: string,
  { before, after }: { readonly before: Fields; readonly after: Fields },
  found: Work['found'],
  run: Run,
): string | undefined {
  try {
    if (plan.render(before, found, run).content !== sent) return undefined
    return plan.render(after, found, run).content
  } catch (error) {
    if (error instanceof DataError) return undefined
    throw error
  }
}
