import { canonical, digest } from '../pipeline/canonical.ts'
import { significantFields } from '../pipeline/fields.ts'
import { connectorOf } from '../pipeline/run.ts'
import { defineStep } from '../plugin.ts'

/** Hashes what matters of the record; a sender that says the same as last time is done. */
export default defineStep({
  name: 'fingerprint',
  summary: 'Ends an event whose sender says what it said before.',
  options: { type: 'object', properties: {}, additionalProperties: false },

  prepare(_options, { file, from }) {
    const names = [...file.record.fingerprint].sort()
    const quoted = names.map(name => `${JSON.stringify(name)}:`)
    // Ids are not hashed, so they are compared: a new link or another class is news.
    const ids = [...significantFields(file.record)].filter(name => !file.record.fingerprint.includes(name))
    const connector = connectorOf(from)
    return work => {
      const { merged, record, fields } = work
      let text = '{'
      for (let i = 0; i < names.length; i++) {
        const value = merged[names[i] as string]
        if (value !== undefined) text += `${quoted[i]}${canonical(value)},`
      }
      const fingerprint = digest(text)
      const hashed = { ...work, fingerprint }
      if (record === null || record.state === 'deleted') return hashed
      if (record.sides[connector]?.fp !== fingerprint) return hashed
      const linked = ids.every(id => fields[id] === undefined || fields[id] === record.fields[id])
      return linked ? { end: { outcome: 'UNCHANGED' }, work: hashed } : hashed
    }
  },
})
