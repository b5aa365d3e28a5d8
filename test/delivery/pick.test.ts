import { expect } from 'chai'
import { createPicks } from '../../core/delivery/pick.ts'

describe('what is sent next', () => {
  const stored = { _id: 'retried', tenant: 'al-noor', claims: 0 }

  it('is also what nobody hints at, however much is hinted', async () => {
    let at = 0
    const picks = createPicks({ due: async () => [stored] }, () => at)
    const taken: string[] = []
    for (let n = 0; n < 30; n++, at += 100) {
      picks.hint('al-noor', [`hinted ${n}`])
      for (const { ids } of await picks.next()) taken.push(...ids)
    }
    expect(taken.filter(id => id === 'retried')).to.have.length(3)
  })

  it('is not hinted at any more when the store said it', async () => {
    const picks = createPicks({ due: async () => [stored] }, () => 0)
    picks.hint('al-noor', ['retried'])
    expect(await picks.next()).to.deep.equal([{ tenant: 'al-noor', ids: ['retried'] }])
    expect(picks.hinted).to.equal(false)
  })
  it('is looked for in the store where it is not known which it is, until nothing more is found', async () => {
    let at = 0
    const left = [[stored], [{ ...stored, _id: 'another' }], []]
    let looks = 0
    const picks = createPicks({ due: async () => left[looks++] ?? [] }, () => at)
    const pick = async () => (await picks.next()).flatMap(({ ids }) => ids)
    expect([await pick(), await pick(), await pick(), await pick()]).to.deep.equal([
      ['retried'],
      ['another'],
      [],
      [],
    ])
    expect(looks).to.equal(3)
    picks.look()
    await pick()
    expect(looks).to.equal(4)
    await pick()
    expect(looks).to.equal(4)
    at = 1000
    await pick()
    expect(looks).to.equal(5)
  })
})
