import { DataError } from '../../core/errors.ts'
import type { ResourceConnection } from '../../core/plugin.ts'
import { unknownField } from './lists.ts'

/**
 * Grades come from the plugin only: no web service of Moodle tells a grade whole (criteria, scale labels and marking
 * workflow are missing), and a half-told one would be taken for another grade.
 */
export const gradeResource = (): ResourceConnection => ({
  read: async ids => new Map(ids.map(id => [id, { state: 'unseen' }])),
  find: async by => {
    throw unknownField('moodle/grade', by, ['nothing: grades come from the plugin'])
  },
  write: async operations =>
    operations.map(() => ({
      ok: false,
      error: new DataError('MOODLE_READ_ONLY', 'grades are given in Moodle and never written to it', {
        at: 'to',
        remote: 'moodle',
        hint: 'take the push to moodle/grade out of the pipeline',
      }),
    })),
})
