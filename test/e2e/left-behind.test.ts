/** What an engine took in and did not apply is applied by another, however much it is. */
import { expect } from 'chai'
import { startEngine } from '../../core/engine.ts'
import { createLog } from '../../core/log.ts'
import { many, post } from '../crash/colleges.ts'
import { connectors, notification, openCollege, until } from './college.ts'

const DELIVERIES = 250

describe('deliveries that were left behind', () => {
  it('are all applied at one look of the clock', async () => {
    let clock = Date.now()
    const college = await openCollege({ announce: false, engine: { now: () => clock, scheduler: false } })
    const door = await startEngine({
      settings: { ...college.settings, role: 'http' },
      connectors,
      log: createLog({ level: college.settings.logLevel, readable: true }),
      ...college.options,
    })
    try {
      await many(DELIVERIES, 20, async n => {
        // Without an email: nothing is sent, so nothing else is due.
        const id = `9100000${String(n).padStart(10, '0')}`
        const body = notification({ id, Full_Name: 'Left Behind' })
        expect(await post(door, 'student', body, () => clock)).to.equal(202)
      })
      const deliveries = college.engine.store.db.collection('deliveries')
      expect(await deliveries.countDocuments({ dueAt: { $exists: true } })).to.equal(DELIVERIES)
      clock += 20_000
      college.engine.delivery.ring()
      await until('all are applied', async () => {
        const open = await deliveries.countDocuments({ dueAt: { $exists: true } })
        return open === 0
      })
    } finally {
      await door.stop()
      await college.close()
    }
  })
})
