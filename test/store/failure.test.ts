import { expect } from 'chai'
import { StoreError } from '../../core/errors.ts'
import { guarded } from '../../core/store/failure.ts'

const failure = async (run: () => Promise<unknown>, limitMs?: number): Promise<StoreError> => {
  try {
    await guarded('find records', run, limitMs)
  } catch (error) {
    return error as StoreError
  }
  throw new Error('it was answered')
}

describe('an operation of the store', () => {
  it('answers what the driver answers', async () => {
    expect(await guarded('find records', async () => 3)).to.equal(3)
  })

  it('that the driver never answers has failed, and says so', async () => {
    const error = await failure(() => new Promise(() => {}), 5)
    expect(error).to.be.instanceOf(StoreError)
    expect(error.code).to.equal('STORE_UNAVAILABLE')
    expect((error.cause as Error).message).to.equal('no answer within 5 ms')
  })

  it('that fails after its time raises nothing further', async () => {
    const late = new Promise((_resolve, reject) => setTimeout(() => reject(new Error('closed')), 10))
    expect((await failure(() => late, 1)).code).to.equal('STORE_UNAVAILABLE')
    // An unhandled rejection would fail the run.
    await late.catch(() => {})
  })

  it("that fails keeps the driver's words as the cause alone", async () => {
    const error = await failure(async () => {
      throw new Error('find { email: secret }')
    })
    expect(error.message).to.equal('The store did not answer (find records).')
    expect((error.cause as Error).message).to.include('secret')
  })

  it('passes a duplicate key', async () => {
    const duplicate = Object.assign(new Error('E11000'), { code: 11000 })
    expect(
      await failure(async () => {
        throw duplicate
      }),
    ).to.equal(duplicate)
  })
})
