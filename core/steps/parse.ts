import { DataError } from '../errors.ts'
import { connectorOf, isOlder } from '../pipeline/run.ts'
import { defineStep } from '../plugin.ts'

/** Makes sure that the payload is an object with an id, and no older than what its sender said before. */
export default defineStep({
  name: 'parse',
  summary:
    'Checks that the payload is a record with an id, and ends events that are older than their sender.',
  options: { type: 'object', properties: {}, additionalProperties: false },

  prepare(_options, { from, resource }) {
    const idOf = resource(from)?.idOf
    const connector = connectorOf(from)
    return work => {
      const { payload } = work
      if (payload === null || typeof payload !== 'object' || Array.isArray(payload))
        throw new DataError('PARSE_SHAPE', 'the payload is not an object')
      const id = idOf?.(payload)
      if (idOf !== undefined && (id === undefined || id === ''))
        throw new DataError('PARSE_NO_ID', 'the payload has no id', { at: 'id' })
      const heard = work.record?.sides[connector]
      if (heard !== undefined && isOlder(work.version, heard.version))
        return { end: { outcome: 'SKIPPED', reason: 'older' }, work }
      return work
    }
  },
})
