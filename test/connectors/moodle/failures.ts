/** What went wrong, where something had to. */
import type { WriteResult } from '../../../core/plugin.ts'

export const errorOf = (result: WriteResult | undefined) => {
  if (result === undefined || result.ok) throw new Error('it went well')
  return result.error
}

/** What `work` raises; raises itself where that is nothing. */
export const raised = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('nothing was raised')
}
