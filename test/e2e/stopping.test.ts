import { expect } from 'chai'
import { createLog } from '../../core/log.ts'
import { closeInOrder } from '../../core/stopping.ts'
import { notification, openCollege, until } from './college.ts'

describe('a stop', () => {
  it('closes parts in the opposite order under one deadline, whatever one of them does', async () => {
    const seen: [string, number][] = []
    const told: string[] = []
    const log = {
      ...createLog({ level: 'silent', readable: false }),
      warn: (event: string, facts?: object) => void told.push(`${event} ${(facts as { part: string }).part}`),
    }
    const part = (name: string, close: () => Promise<unknown>) => ({
      name,
      close: (ms: number) => {
        seen.push([name, Math.round(ms)])
        return close()
      },
    })
    const never = () => new Promise(() => undefined)
    const began = performance.now()
    await closeInOrder(
      [
        part('store', async () => undefined),
        part('failing', () => Promise.reject(new Error('no'))),
        part('hanging', never),
        part('quick', async () => undefined),
      ],
      100,
      log,
    )
    expect(performance.now() - began).to.be.lessThan(2000)
    expect(seen.map(([name]) => name)).to.deep.equal(['quick', 'hanging', 'failing', 'store'])
    expect(seen.map(([, ms]) => ms)).to.satisfy((left: number[]) => left.every(ms => ms <= 250))
    expect(told).to.deep.equal(['not_closed_in_time hanging', 'not_closed failing'])
  })

  it('while a remote hangs and somebody waits for an outcome ends in time', async () => {
    const college = await openCollege({ announce: false })
    try {
      college.moodle.faults.add({ kind: 'latency', ms: 60_000, times: 100 })
      const fields = { Full_Name: 'Rana Khalil', Academic_Email: 'rana@college.test', Status: 'Active' }
      const id = college.zoho.person.create('BTEC_Students', fields)
      const body = notification({ id, Student_ID: 'STU-1', ...fields })
      const waiting = college.webhook('student', body, { prefer: 'wait=30' })
      await until('Moodle is asked', async () => {
        const records = college.engine.store.db.collection('records')
        return (await records.countDocuments({ 'lease.nonce': { $exists: true } })) === 1
      })
      const began = performance.now()
      await college.engine.stop(2500)
      expect(performance.now() - began).to.be.lessThan(6000)
      const answer = await waiting
      expect(answer.body, 'stored and applied; nothing is said of the push').to.include({ outcome: 'NEW' })
      expect(answer.body).not.to.have.property('action')
    } finally {
      await college.close()
    }
  }).timeout(60_000)
})
