import { RetryableError, SetupError } from '../../core/errors.ts'
import type { Connection, ResourceConnection, Tools } from '../../core/plugin.ts'
import type { ZohoModule } from './btec.ts'
import { createLister } from './changes.ts'
import { check } from './check.ts'
import { createClient, rowsIn, type ZohoAnswer, type ZohoClient } from './client.ts'
import { createFinder } from './find.ts'
import { createMetadata, describe } from './metadata.ts'
import { createReader } from './read.ts'
import type { ZohoSettings } from './settings.ts'
import { createWriter } from './write.ts'

/** A college has one channel, or one for each module. */
const MOST_CHANNELS = 50

const refuseAborted = (signal: AbortSignal) => {
  if (signal.aborted)
    throw new RetryableError('REMOTE_ABORTED', 'the call to Zoho was given up', { remote: 'zoho' })
}

/** The notification channels that somebody has made, and until when they last; a college may have none. */
async function channelsOf(client: ZohoClient, signal: AbortSignal) {
  let answer: ZohoAnswer
  try {
    answer = await client.call({ method: 'GET', path: '/actions/watch', signal })
  } catch (error) {
    // Without the scope for notifications there are none that this client has made.
    if (error instanceof SetupError) return []
    throw error
  }
  return rowsIn(answer, 'watch')
    .slice(0, MOST_CHANNELS)
    .flatMap(row => {
      const at = Date.parse(String(row['channel_expiry'] ?? ''))
      return Number.isNaN(at) ? [] : [{ what: `channel ${row['channel_id']}`, at, renews: false }]
    })
}

/** One tenant's connection to its Zoho CRM. Nothing is sent before it is used. */
export const connectZoho = (
  modules: Readonly<Record<string, ZohoModule>>,
  settings: ZohoSettings,
  tools: Tools,
): Connection => {
  const client = createClient(settings, tools)
  const metadata = createMetadata(client, tools.now)

  const resource = (module: string): ResourceConnection => {
    const reader = createReader(client, metadata, module)
    const find = createFinder(client, metadata, reader, module)
    const write = createWriter(client, metadata, reader, module, tools.log)
    const list = createLister(client, module)
    return {
      async read(ids, signal) {
        refuseAborted(signal)
        return ids.length === 0 ? new Map() : reader.read(ids, signal)
      },
      async find(by, values, signal) {
        refuseAborted(signal)
        return find(by, values, signal)
      },
      async write(operations, signal) {
        refuseAborted(signal)
        return write(operations, signal)
      },
      async changes(asked, signal) {
        refuseAborted(signal)
        return list(asked, signal)
      },
      async metadata(signal) {
        refuseAborted(signal)
        return describe(metadata, module)
      },
    }
  }

  return {
    resources: Object.fromEntries(Object.keys(modules).map(module => [module, resource(module)])),
    check: signal => check(client, metadata, modules, signal),
    async expiring(signal) {
      const token = await client.tokens.current()
      return [{ what: 'token', at: token.expiresAt, renews: true }, ...(await channelsOf(client, signal))]
    },
    async close() {
      client.close()
    },
  }
}
