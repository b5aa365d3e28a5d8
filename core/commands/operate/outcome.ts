import { DataError } from '../../errors.ts'
import type { Done } from '../../operations/changes.ts'
import { type Pausable, pause } from '../../operations/gates.ts'
import { UsageError } from '../pipeline-context.ts'
import { missing, type Terminal } from './terminal.ts'

/** How one change ended, and the exit code: 0 done. Raises DataError where there is nothing to change. */
export function told(done: Done, what: string, id: string, show: Terminal['show']): number {
  if (done === 'missing') throw missing(what, id)
  if (done === 'refused')
    throw new DataError('NOT_NOW', `The ${what} "${id}" is on its way, or at its goal.`, {
      hint: 'Look at it again; what is on its way ends by itself.',
    })
  show({ id, status: 'accepted' }, () => [`Done: a running engine takes ${id} up within a second.`])
  return 0
}

/** Pauses for the `--reason` that was given, and says so. Raises UsageError without one. */
export async function pauseNow(
  { desk, values, show }: Terminal,
  pausable: Pausable,
  facts: Readonly<Record<string, string>>,
  sentence: string,
): Promise<number> {
  const reason = (values['reason'] as string | undefined)?.trim() ?? ''
  if (reason.length < 3) throw new UsageError('Say why with --reason; it stands in the audit log.')
  await pause(desk, pausable, reason)
  show({ ...facts, status: 'paused' }, () => [sentence])
  return 0
}
