import { expect } from 'chai'
import { isReadBefore, isTie } from '../../core/delivery/tie.ts'
import type { Fields, Version } from '../../core/plugin.ts'
import type { RecordDocument, Side } from '../../core/store/documents.ts'

const NOW = 1_000_000
const AT = new Date(NOW)
const ago = (ms: number) => new Date(NOW - ms)

describe('two edits of one moment', () => {
  interface Case {
    readonly told?: Version
    readonly kind?: 'state' | 'touch' | 'delete'
    readonly readAt?: Date
    readonly side?: Partial<Side> | null
    readonly state?: RecordDocument['state']
    readonly said?: { readonly city?: string | null; readonly phone?: string | null } | undefined
    readonly read: boolean
  }
  const cases: Readonly<Record<string, Case>> = {
    'that say different things: the remote is asked': { read: true },
    'of which the second was refused': { said: undefined, read: true },
    'of which the second clears a field': { said: { city: null }, read: true },
    'of a record that was deleted at that moment': { state: 'deleted', said: { city: 'Amman' }, read: true },
    'with a sequence that is the same': { told: [7, 1], side: { version: [7, 1] }, read: true },
    'with another sequence': { told: [7, 2], side: { version: [7, 1] }, read: false },
    'that say the same': { said: { city: 'Amman' }, read: false },
    'that say nothing of what was never set': { said: { phone: null }, read: false },
    'when it was just read': { readAt: AT, read: false },
    'when the other was told before it was read': {
      readAt: ago(1),
      side: { toldAt: ago(2) },
      read: false,
    },
    'when the other was told while it was read': {
      readAt: ago(2),
      side: { toldAt: ago(1) },
      read: true,
    },
    'told while it was read, the same': {
      readAt: ago(2),
      side: { toldAt: ago(1) },
      said: { city: 'Amman' },
      read: false,
    },
    'told by a clock that is ahead': { readAt: ago(2), side: { toldAt: ago(-1) }, read: false },
    'when it is gone': { kind: 'delete', read: false },
    'of a later second': { told: [8], read: false },
    'without a version': { told: [], read: false },
    'where nothing was heard of that side': { side: null, read: false },
    'where that side has no version': { side: { version: [] }, read: false },
    'after the configuration changed: a replay': { side: { config: '1' }, read: false },
    'after the configuration changed, where it was read': { side: { config: '1', readAt: AT }, read: true },
    'where it was read before': { side: { readAt: AT }, read: true },
  }
  for (const [title, each] of Object.entries(cases))
    it(title, () => {
      const { told = [7], kind = 'state', readAt, side = {}, state = 'ok', read } = each
      const said = 'said' in each ? each.said : { city: 'Irbid' }
      const known = side === null ? undefined : { version: [7], config: '2', fp: 'x', ...side }
      const event = { id: 'e', resource: 'zoho/BTEC_Students', kind, version: told }
      const record = { fields: { city: 'Amman' }, state }
      expect(isTie({ event, readAt }, known, record, said as Fields, '2', NOW)).to.equal(read)
    })

  const [sooner, later] = [new Date(1), new Date(2)]
  for (const [title, version, readAt, stored, passed] of [
    ['read before what is stored was read', [7], sooner, later, true],
    ['read after it', [7], later, sooner, false],
    ['read with it', [7], sooner, sooner, false],
    ['told, not read', [7], undefined, later, false],
    ['read where the other was told', [7], sooner, undefined, false],
    ['read before, by a clock that is ahead', [7], sooner, new Date(NOW + 1), false],
    ['read before, and newer all the same', [8], sooner, later, false],
  ] as const)
    it(`${title}: ${passed ? 'passed over' : 'counts'}`, () => {
      const event = { id: 'e', resource: 'zoho/BTEC_Students', kind: 'state' as const, version }
      const side = { version: [7], ...(stored === undefined ? {} : { readAt: stored }) }
      expect(isReadBefore({ event, readAt }, side, NOW)).to.equal(passed)
    })
})
