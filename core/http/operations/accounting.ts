/** Counts that add up. */
import Joi from 'joi'
import { accountFor } from '../../operations/accounting.ts'
import { problem } from '../problems.ts'
import { type Operation, objectId } from './route.ts'

const DAY_MS = 24 * 3_600_000

export const accountingOperation: Operation = {
  method: 'GET',
  path: '/api/v1/accounting',
  scope: 'read',
  summary:
    'What was accepted between two moments (default: the last 24 hours) by where it stands now, module by module.',
  query: { from: Joi.string().isoDate(), to: Joi.string().isoDate(), after: objectId },
  async handle({ desk, query }) {
    const to = query['to'] === undefined ? new Date(desk.now()) : new Date(query['to'])
    const from = query['from'] === undefined ? new Date(to.getTime() - DAY_MS) : new Date(query['from'])
    if (from >= to) throw problem(400, 'WINDOW', '"from" must be before "to".')
    return accountFor(desk, from, to, query['after'])
  },
}
