import { expect } from 'chai'
import { toRead } from '../../core/delivery/unread.ts'
import type { ChangedObject, RecordState, Version } from '../../core/plugin.ts'

const AT = Date.UTC(2026, 8, 1)
const SECOND = 1000

const record = (id: string, version: Version, readAfter?: number, state: RecordState = 'ok') => ({
  identities: [`zoho/BTEC_Students:${id}`, `moodle/user:${id}`],
  state,
  sides: {
    zoho: { version, ...(readAfter === undefined ? {} : { readAt: new Date(AT + readAfter) }) },
    moodle: { version: [9], readAt: new Date(AT + 60 * SECOND) },
  },
})

describe('which of the listed objects are read', () => {
  const changed: ChangedObject = { id: '1', version: [AT], at: AT }
  const cases: readonly [string, ChangedObject, Parameters<typeof toRead>[2], boolean][] = [
    ['one that is not stored', changed, [], true],
    ['one that was only told', changed, [record('1', [AT])], true],
    ['one that was read well after its last change', changed, [record('1', [AT], 6 * SECOND)], false],
    ['one that was read in the same moment', changed, [record('1', [AT], 5 * SECOND)], true],
    ['one that was read before', changed, [record('1', [AT - SECOND], 6 * SECOND)], true],
    ['one whose list is older than what was read', changed, [record('1', [AT + SECOND], 6 * SECOND)], true],
    ['one whose change has no time', { id: '1', version: [AT] }, [record('1', [AT], 6 * SECOND)], true],
    ['one whose change has no version', { id: '1', at: AT }, [record('1', [AT], 6 * SECOND)], true],
    ['one of which only another side was read', changed, [record('1', [])], true],
    ['one that is deleted here and listed there', changed, [record('1', [AT], 6 * SECOND, 'deleted')], true],
    ['a deleted one that is stored', { id: '1', deleted: true }, [record('1', [AT], 6 * SECOND)], true],
    ['a deleted one that is not stored', { id: '1', deleted: true }, [record('2', [AT])], false],
    [
      'a deleted one that is deleted here',
      { id: '1', deleted: true },
      [record('1', [], 0, 'deleted')],
      false,
    ],
  ]
  for (const [what, object, records, read] of cases)
    it(`${what}: ${read ? 'read' : 'left alone'}`, () => {
      expect(toRead('zoho/BTEC_Students', [object], records)).to.deep.equal(read ? ['1'] : [])
    })

  it('one that is listed twice is read once', () => {
    expect(toRead('zoho/BTEC_Students', [changed, { ...changed }], [])).to.deep.equal(['1'])
  })
})
