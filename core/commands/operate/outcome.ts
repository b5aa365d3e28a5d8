import { DataError } from '../../errors.ts'
import type { Done } from '../../operations/changes.ts'
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
