import { expect } from 'chai'
import { decideBatch } from '../../core/delivery/batch.ts'
import type { Item } from '../../core/delivery/scene.ts'
import type { Tenant } from '../../core/delivery/tenant.ts'
import type { Records } from '../../core/store/records.ts'
import { NOW, quiet, STUDENT, tenantWith } from './records.ts'

describe('a batch that is decided', () => {
  it('is written after what its steps left behind has run', async () => {
    const order: string[] = []
    const records = {
      byIdentities: async () => [],
      byKeys: async () => [],
      async insert() {
        order.push('written')
        return new Set()
      },
      update: async () => ({ stale: [], refused: [] }),
      rest: async () => undefined,
    } as unknown as Records
    const item: Item = {
      event: { id: 'e', resource: STUDENT, kind: 'state', version: [1], identity: `${STUDENT}:7` },
      payload: { id: '7', Full_Name: 'Sara Naser', Academic_Email: 'sara@college.test', Student_ID: 'S-7' },
      partial: false,
      readAt: undefined,
      newId: '7',
    }
    const tenant: Tenant = {
      ...tenantWith({}),
      switchedOff() {
        // As a step of a plugin might: its event must not be done before this ends the process.
        setImmediate(() => order.push('left behind'))
        return false
      },
    }
    const surroundings = { log: quiet, now: () => NOW, gateBefore: () => undefined }
    const decided = await decideBatch(records, tenant, [item], surroundings)
    expect(decided.decisions.get(item)).to.include({ outcome: 'NEW' })
    expect([...new Set(order)]).to.deep.equal(['left behind', 'written'])
  })
})
