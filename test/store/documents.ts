/** Documents as they are stored. */
import { expect } from 'chai'
import { StoreError } from '../../core/errors.ts'
import type {
  DeliveryDocument,
  EventDocument,
  GateDocument,
  RecordDocument,
} from '../../core/store/documents.ts'

export const NOW = Date.parse('2026-11-24T12:00:00Z')

/** Made in that order. */
export const idOf = (number: number): string => number.toString(16).padStart(24, '0')

export const record = (number: number, changes: Partial<RecordDocument> = {}): RecordDocument => ({
  _id: idOf(number),
  tenant: 'al-noor',
  module: 'student',
  identities: [],
  keys: [],
  fields: {},
  sides: {},
  source: 'zoho',
  rev: 0,
  outbox: {},
  pushed: {},
  refs: [],
  missing: [],
  state: 'ok',
  claims: 0,
  createdAt: new Date(NOW),
  updatedAt: new Date(NOW),
  ...changes,
})

export const event = (changes: Partial<EventDocument> = {}): EventDocument => ({
  id: 'e',
  resource: 'zoho/BTEC_Students',
  kind: 'state',
  version: [1],
  ...changes,
})

export const delivery = (number: number, changes: Partial<DeliveryDocument> = {}): DeliveryDocument => ({
  _id: idOf(number),
  tenant: 'al-noor',
  endpoint: 'zoho-main',
  connector: 'zoho',
  channel: 'events',
  key: `id:${number}`,
  hash: 'h',
  raw: Buffer.from('{}'),
  trusted: true,
  receivedAt: new Date(NOW),
  dueAt: new Date(NOW),
  tries: 0,
  turn: 0,
  events: [event()],
  expireAt: new Date(NOW + 400 * 24 * 3_600_000),
  ...changes,
})

export const gate = (changes: Partial<GateDocument> = {}): GateDocument => ({
  _id: 'al-noor|moodle',
  tenant: 'al-noor',
  remote: 'moodle',
  reason: 'busy',
  code: 'REMOTE_BUSY',
  message: 'Too many requests.',
  closedAt: new Date(NOW),
  openAt: new Date(NOW + 1000),
  rounds: 0,
  ...changes,
})

/** A tenant left out would be a query over all of them. */
export function refusesNoTenant(operations: Readonly<Record<string, () => Promise<unknown>>>): void {
  for (const [name, run] of Object.entries(operations))
    it(`refuse ${name} without a tenant`, async () => {
      const error = await run().then(
        () => undefined,
        (cause: unknown) => cause,
      )
      expect(error).to.be.instanceOf(StoreError)
      expect((error as StoreError).code).to.equal('STORE_TENANT')
    })
}
