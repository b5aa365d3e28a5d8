import { expect } from 'chai'
import { DataError } from '../../core/errors.ts'
import type { Ending, Fields, RecordView, Work } from '../../core/plugin.ts'
import dependencyCheck from '../../core/steps/dependency-check.ts'
import fingerprint from '../../core/steps/fingerprint.ts'
import map from '../../core/steps/map.ts'
import parse from '../../core/steps/parse.ts'
import upsert from '../../core/steps/upsert.ts'
import { contextOf, ended, recordOf, run, workOf } from './work.ts'

const ending = (result: Work | Ending) => (ended(result) ? result.end : undefined)
const going = (result: Work | Ending): Work => {
  if (ended(result)) throw new Error(`it ended with ${result.end.outcome}`)
  return result
}

describe('parse', () => {
  const step = parse.prepare({}, contextOf())
  const at = (version: readonly number[], heard?: readonly number[]) =>
    ending(
      step(
        workOf({
          payload: { id: '1' },
          version,
          record: recordOf({}, { sides: heard === undefined ? {} : { zoho: { version: heard } } }),
        }),
        run,
      ),
    )?.reason

  const versions: [readonly number[], readonly number[] | undefined, string | undefined][] = [
    [[5], undefined, undefined],
    [[5], [5], undefined],
    [[5], [4], undefined],
    [[4], [5], 'older'],
    [[5], [5, 1], 'older'],
    [[5, 2], [5, 1], undefined],
    [[5, 1], [5, 2], 'older'],
    [[], [5], undefined],
    [[5], [], undefined],
  ]
  for (const [version, heard, reason] of versions)
    it(`[${version}] after ${heard === undefined ? 'nothing' : `[${heard}]`} is ${reason ?? 'not older'}`, () => {
      expect(at(version, heard)).to.equal(reason)
    })

  it('compares with the side of its own sender only', () => {
    const record = recordOf({}, { sides: { moodle: { version: [9] } } })
    expect(ended(step(workOf({ payload: { id: '1' }, version: [5], record }), run))).to.equal(false)
  })

  it('refuses what has no id or is no object', () => {
    for (const [payload, code] of [
      [{}, 'PARSE_NO_ID'],
      [{ id: '' }, 'PARSE_NO_ID'],
      [[], 'PARSE_SHAPE'],
    ] as const)
      expect(() => step(workOf({ payload: payload as never }), run))
        .to.throw(DataError)
        .with.property('code', code)
  })
})

describe('map', () => {
  const step = map.prepare(
    { fields: { zohoId: 'id', moodleUserId: 'Moodle', name: { from: ['Name', 'Title'] }, city: 'City' } },
    contextOf(),
  )

  it('lays what it maps over what is stored', () => {
    const record = recordOf({ name: 'Ali', city: 'Irbid', seenAt: '2026-01-01T00:00:00Z' })
    const work = going(step(workOf({ payload: { id: '1', City: '' }, record }), run))
    expect(work.fields).to.deep.equal({ zohoId: '1', city: null })
    expect(work.merged).to.deep.equal({
      name: 'Ali',
      city: null,
      zohoId: '1',
      seenAt: '2026-01-01T00:00:00Z',
    })
  })

  it('tells the sender’s own identity first', () => {
    const work = going(step(workOf({ payload: { id: '1', Moodle: '5', Name: 'A' } }), run))
    expect(work.identities).to.deep.equal(['zoho/BTEC_Students:1', 'moodle/user:5'])
    const other = map.prepare({ fields: { moodleUserId: 'id', zohoId: 'Z', name: 'n' } }, contextOf('back'))
    expect(going(other(workOf({ payload: { id: '5', Z: '1', n: 'A' } }), run)).identities[0]).to.equal(
      'moodle/user:5',
    )
  })

  it('says which field is missing or wrong, and what was tried', () => {
    const refusal = (payload: object): DataError => {
      try {
        step(workOf({ payload: payload as never }), run)
      } catch (error) {
        if (error instanceof DataError) return error
      }
      throw new Error('nothing was refused')
    }
    const missing = refusal({ id: '1', Title: ' ' })
    expect(missing).to.include({
      code: 'REQUIRED',
      at: 'name',
      message: 'name is missing (looked at Name, Title)',
    })
    expect(missing.tried).to.deep.equal(['Name', 'Title'])
    expect(refusal({ id: '1', Name: { a: 1 } })).to.include({ code: 'NOT_TEXT', at: 'name' })
  })
})

describe('fingerprint', () => {
  const step = fingerprint.prepare({}, contextOf())
  const of = (merged: Fields) => going(step(workOf({ merged }), run)).fingerprint

  it('is 32 hexadecimal digits of what matters, whatever the order', () => {
    expect(of({ name: 'A', city: 'B' })).to.match(/^[0-9a-f]{32}$/)
    expect(of({ city: 'B', name: 'A' })).to.equal(of({ name: 'A', city: 'B' }))
    expect(of({ name: 'A', city: 'B', zohoId: '1', seenAt: 'x' })).to.equal(of({ name: 'A', city: 'B' }))
  })

  it('tells apart what is absent, cleared, and moved to another field', () => {
    const all = [
      {},
      { name: null },
      { name: 'A' },
      { city: 'A' },
      { name: 'A', city: null },
      { name: 'A","city":"B' },
    ]
    expect(new Set([...all, { name: 'A', city: 'B' }].map(of)).size).to.equal(7)
  })

  const same = (fields: Fields, stored: Fields, more: Partial<RecordView> = {}) => {
    const merged = { ...stored, ...fields }
    const record = recordOf(stored, { sides: { zoho: { version: [1], fp: of(merged) ?? '' } }, ...more })
    return ending(step(workOf({ fields, merged, record }), run))?.outcome
  }

  it('ends an event that says what its sender said before', () => {
    expect(same({ name: 'A' }, { name: 'A', zohoId: '1' })).to.equal('UNCHANGED')
  })

  it('goes on where another sender said it, an id is news, or the record is deleted', () => {
    const stored = { name: 'A', zohoId: '1' }
    expect(
      same({ name: 'A' }, stored, { sides: { moodle: { version: [1], fp: of(stored) ?? '' } } }),
    ).to.equal(undefined)
    expect(same({ name: 'A', moodleUserId: '5' }, stored)).to.equal(undefined)
    expect(same({ name: 'A', friendId: '7' }, { ...stored, friendId: '6' })).to.equal(undefined)
    expect(same({ name: 'A' }, stored, { state: 'deleted' })).to.equal(undefined)
  })
})

describe('dependency-check', () => {
  const options = {
    needs: {
      student: { zohoId: 'zohoId' },
      registration: { studentZohoId: 'student.zohoId', programZohoId: 'friendId' },
    },
    uses: { class: { moodleCourseId: 'moodleUserId' } },
  }
  const wants = dependencyCheck.wants?.(options, contextOf())
  const step = dependencyCheck.prepare(options, contextOf())
  const student = recordOf({ zohoId: '1' }, { module: 'student' })

  it('tells a chained reference once the record before it was found', () => {
    const merged = { zohoId: '1', friendId: '7', moodleUserId: '' }
    const told = (found: Work['found']) => wants?.(workOf({ merged, found })).map(({ key }) => key)
    expect(told({})).to.deep.equal(['student|zohoId=1'])
    expect(told({ student: null })).to.deep.equal(['student|zohoId=1'])
    expect(told({ student })).to.deep.equal([
      'student|zohoId=1',
      'registration|programZohoId=7&studentZohoId=1',
    ])
  })

  it('misses only what is needed and told', () => {
    const check = (found: Work['found'], merged: Fields) => {
      const work = going(step(workOf({ merged, found }), run))
      return [work.refs.map(({ name }) => name), work.missing.map(({ label }) => label)]
    }
    const merged = { zohoId: '1', friendId: '7', moodleUserId: '5' }
    expect(check({ student: null, class: null }, merged)).to.deep.equal([['student', 'class'], ['student 1']])
    expect(check({ student, registration: null }, merged)[1]).to.deep.equal(['registration 7 / 1'])
    expect(check({}, {})).to.deep.equal([[], []])
  })

  it('a deleted or merged record does not satisfy', () => {
    for (const state of ['deleted', 'merged'] as const) {
      const found = { student: { ...student, state } }
      expect(going(step(workOf({ merged: { zohoId: '1' }, found }), run)).missing).to.have.length(1)
    }
  })

  it('nor does one that lacks a field which is taken from it', () => {
    const lending = contextOf('back')
    const friend = { needs: { friend: { module: 'guest', moodleUserId: 'friendId' } } }
    const check = dependencyCheck.prepare(friend, lending)
    const found = (fields: Fields) => ({ friend: recordOf(fields) })
    const missing = (fields: Fields) =>
      going(check(workOf({ merged: { friendId: '9' }, found: found(fields) }), run)).missing.length
    expect(missing({ moodleUserId: '9' })).to.equal(1)
    expect(missing({ moodleUserId: '9', zohoId: '1' })).to.equal(0)
  })
})

describe('upsert', () => {
  const over = upsert.prepare({}, contextOf())
  const fill = upsert.prepare({ overwrite: false }, contextOf('back'))
  const result = (
    step: typeof over,
    stored: Fields | null,
    fields: Fields,
    more: Partial<RecordView> = {},
  ) => {
    const record = stored === null ? null : recordOf(stored, more)
    const work = going(step(workOf({ fields, record }), run))
    return {
      outcome: work.outcome,
      reason: work.reason,
      changes: work.changes.map(({ field, from, to }) => `${field}: ${from} > ${to}`),
      kept: work.kept,
      fields: work.fields,
      merged: work.merged,
    }
  }

  it('is NEW without a record, UPDATED with its changes, UNCHANGED without any', () => {
    expect(result(over, null, { name: 'A' }).outcome).to.equal('NEW')
    expect(result(over, { name: 'A', city: 'X' }, { name: 'B', city: 'X' })).to.include({
      outcome: 'UPDATED',
    })
    expect(result(over, { name: 'A', city: 'X' }, { name: 'B', city: null }).changes).to.deep.equal([
      'name: A > B',
      'city: X > null',
    ])
    expect(result(over, { name: 'A' }, { name: 'A' }).outcome).to.equal('UNCHANGED')
  })

  it('a time alone is no change, a new link is', () => {
    expect(result(over, { name: 'A', seenAt: 'x' }, { seenAt: 'y' }).outcome).to.equal('UNCHANGED')
    expect(result(over, { name: 'A' }, { moodleUserId: '5' }).changes).to.deep.equal([
      'moodleUserId: null > 5',
    ])
  })

  it('what was never set and is cleared now is stored, for it counts as set from then on', () => {
    expect(result(over, { name: 'A' }, { city: null })).to.include({ outcome: 'UPDATED', reason: 'cleared' })
  })

  it('a sender that only fills changes nothing that was set, cleared included', () => {
    const stored = { name: 'A', city: null, moodleUserId: '5' }
    expect(result(fill, stored, { moodleUserId: '5', city: 'X' })).to.deep.include({
      outcome: 'UNCHANGED',
      fields: {},
      merged: stored,
    })
    expect(result(fill, { name: 'A' }, { city: 'X' })).to.deep.include({
      outcome: 'UPDATED',
      merged: { name: 'A', city: 'X' },
    })
    expect(result(fill, { name: 'A' }, { city: null })).to.deep.include({
      outcome: 'UNCHANGED',
      merged: { name: 'A' },
    })
  })

  it('and gets back what it was refused, where that is sent to it', () => {
    const refused = result(fill, { name: 'A', seenAt: 'x' }, { name: 'B', seenAt: 'y' })
    expect(refused).to.deep.include({ outcome: 'UNCHANGED', reason: 'kept', kept: ['name'] })
  })

  it('its own id is always taken', () => {
    const taken = result(fill, { name: 'A', moodleUserId: '4' }, { moodleUserId: '5' })
    expect(taken).to.deep.include({ outcome: 'UPDATED', kept: [] })
  })

  it('a deleted record that comes again is UPDATED, though nothing differs', () => {
    expect(result(over, { name: 'A' }, { name: 'A' }, { state: 'deleted' })).to.include({
      outcome: 'UPDATED',
      reason: 'returned',
    })
  })
})
