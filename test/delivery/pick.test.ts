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
})
