import { RetryableError } from '../../core/errors.ts'
import type { Connection, ResourceConnection, Tools } from '../../core/plugin.ts'
import type { ZohoModule } from './btec.ts'
import { createLister } from './changes.ts'
import { check } from './check.ts'
import { createClient } from './client.ts'
import { createFinder } from './find.ts'
import { createMetadata, describe } from './metadata.ts'
import { createReader } from './read.ts'
import type { ZohoSettings } from './settings.ts'
import { createWriter } from './write.ts'

const refuseAborted = (signal: AbortSignal) => {
  if (signal.aborted)
    throw new RetryableError('REMOTE_ABORTED', 'the call to Zoho was given up', { remote: 'zoho' })
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
    async close() {
      client.close()
    },
  }
}
