/** What a connector must do that lists what was changed. */
import { expect } from 'chai'
import { RetryableError } from '../../core/errors.ts'
import type { ChangedObject, ResourceDefinition } from '../../core/plugin.ts'
import type { ContractHarness, ContractSubject } from './connector.ts'

export function changesContract(
  harness: ContractHarness,
  definition: ResourceDefinition,
  subject: () => ContractSubject,
): void {
  const none = new AbortController().signal
  const resource = () => subject().connection.resources[harness.resource]!

  describe('changes', () => {
    const listedSince = async (since?: number) => {
      const objects: ChangedObject[] = []
      let page: string | undefined
      do {
        const asked = {
          ...(since === undefined ? {} : { since }),
          ...(page === undefined ? {} : { page }),
        }
        const answer = await resource().changes!(asked, none)
        objects.push(...answer.objects)
        page = answer.next
      } while (page !== undefined)
      return objects
    }

    it('lists every object where no moment is named, with the version that a read tells', async () => {
      const ids = [await subject().put(harness.fields(1)), await subject().put(harness.fields(2))]
      const objects = await listedSince()
      expect(objects.map(({ id }) => id)).to.include.members(ids)
      for (const [id, result] of await resource().read(ids, none)) {
        const { version } = objects.find(each => each.id === id)!
        if (version === undefined || result.state !== 'found') continue
        expect(version).to.deep.equal(definition.versionOf(result.payload))
      }
    })

    it('lists what was changed since a moment, and nothing older where it can tell', async () => {
      const id = await subject().put(harness.fields(1))
      expect((await listedSince(Date.now() - 60_000)).map(each => each.id)).to.include(id)
      const later = await listedSince(Date.now() + 3_600_000)
      expect(later.map(each => each.id).includes(id)).to.equal(definition.changes === 'all')
    })

    it('tells a deleted object as deleted, or not at all', async function () {
      if (subject().remove === undefined) return this.skip()
      const id = await subject().put(harness.fields(1))
      await subject().remove?.(id)
      const told = (await listedSince(Date.now() - 60_000)).filter(each => each.id === id)
      expect(told.map(each => each.deleted === true)).to.deep.equal(
        (harness.deleted ?? 'gone') === 'gone' ? [true] : [],
      )
    })

    it('raises what the remote raises', async function () {
      if (harness.without?.includes('outage') === true) return this.skip()
      await subject().fault('outage', Number.POSITIVE_INFINITY)
      expect(await resource().changes!({}, none).catch((error: unknown) => error)).to.be.instanceOf(
        RetryableError,
      )
    })
  })
}
