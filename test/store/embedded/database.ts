/** A fresh database for a suite, on the embedded server or on MONGODB_URI. */
import { type Db, type Document, MongoClient } from 'mongodb'
import { freshDatabase } from '../../store.ts'

export interface TestDatabase {
  readonly db: Db
  readonly client: MongoClient
  close(): Promise<void>
}

export async function openDatabase(): Promise<TestDatabase> {
  const client = new MongoClient(await freshDatabase())
  const db = client.db()
  return {
    db,
    client,
    close: async () => {
      await db.dropDatabase()
      await client.close()
    },
  }
}

/** The error of a promise that must fail. */
export async function failureOf(promise: Promise<unknown>): Promise<Document & Error> {
  try {
    await promise
  } catch (error) {
    return error as Document & Error
  }
  throw new Error('it was expected to fail')
}
