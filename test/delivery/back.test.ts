import { expect } from 'chai'
import { goingBack, isMade, madeOf } from '../../core/delivery/back.ts'
import { withBack, withContent } from '../../core/delivery/outbox.ts'
import { nextFor } from '../../core/delivery/plan.ts'
import type { Fields } from '../../core/plugin.ts'
import { conditions, due, held, pushOf, student, USER } from './records.ts'

describe('what goes back to a sender that only fills what is empty', () => {
  const ours: Fields = { city: 'Amman', phone: '1', country: null }
  const theirs: Fields = { city: 'AMMAN', phone: '1' }
  const made = madeOf(theirs, ours)

  it('is nothing where it makes something else of ours, as it was seen to do', () => {
    expect(Object.keys(made)).to.deep.equal(['city'])
    expect(goingBack(['city'], theirs, made)).to.equal(undefined)
    expect(goingBack([], theirs, made)).to.equal(undefined)
  })

  for (const [title, kept, said, seen] of [
    ['what a person wrote', ['city'], { city: 'Irbid' }, made],
    ['what a person wrote in another field too', ['city', 'phone'], { city: 'AMMAN', phone: '2' }, made],
    ['what was not looked at yet', ['city'], theirs, undefined],
    ['what a person emptied', ['city'], { city: null }, made],
  ] as const)
    it(`is ours, instead of ${title}`, () => {
      expect(Object.keys(goingBack(kept, said, seen) ?? {})).to.deep.equal([...kept])
    })

  it('is not made of what was never set here', () => {
    expect(madeOf({ city: 'AMMAN', house: '7' }, ours)).to.have.all.keys('city')
    expect(isMade(undefined, undefined)).to.equal(true)
  })

  describe('once it is due', () => {
    const sent = pushOf(held(student({ outbox: { [USER]: due() } })), USER).rendered?.content ?? ''
    const back = (seen: Record<string, string> | undefined, values: Fields) => {
      const pushed = {
        content: sent,
        at: new Date(0),
        action: 'updated' as const,
        ...(seen ? { made: seen } : {}),
      }
      const outbox = withBack(withContent({}, USER, sent), USER, goingBack(['city'], values, undefined) ?? {})
      return nextFor(held(student({ outbox, pushed: { [USER]: pushed } })), conditions).do
    }

    it('is sent although the same was sent before', () => {
      expect(back(undefined, theirs)).to.equal('send')
    })
    it('is sent where a person wrote while it was under way', () => {
      expect(back(made, { city: 'Irbid' })).to.equal('send')
    })
    it('rests where it was only the echo of what was under way', () => {
      expect(back(made, theirs)).to.equal('rest')
    })
  })
})
