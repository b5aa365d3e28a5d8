/** What drivers ask about the server itself. */
import { CommandError } from '../errors.ts'
import type { Answer, Call, Definition } from './call.ts'

/** The MongoDB whose behaviour is followed. */
export const version = '7.0.0'

/** A standalone server: no setName (so no retryable writes), no topologyVersion (so no streaming hello). */
export function hello(call: Call): Answer {
  return {
    ...(call.name === 'hello' ? { isWritablePrimary: true } : { ismaster: true, helloOk: true }),
    maxBsonObjectSize: 16_777_216,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: 30,
    connectionId: call.connection,
    minWireVersion: 0,
    maxWireVersion: 21,
    readOnly: false,
  }
}

const helloFields = [
  'helloOk',
  'client',
  'compression',
  'backpressure',
  'speculativeAuthenticate',
  'saslSupportedMechs',
  'loadBalanced',
  'hostInfo',
  'topologyVersion',
  'maxAwaitTimeMS',
]

export const helloCommand: Definition = { fields: helloFields, run: hello }

const nothing: Definition = { fields: ['sessions'], run: () => ({}) }

export const sessionCommands: Readonly<Record<string, Definition>> = {
  hello: helloCommand,
  ismaster: helloCommand,
  isMaster: helloCommand,
  ping: nothing,
  endSessions: nothing,
  refreshSessions: nothing,
  killSessions: nothing,
  startSession: { fields: [], run: () => ({ timeoutMinutes: 30 }) },
  buildInfo: buildInfo(),
  buildinfo: buildInfo(),
  connectionStatus: {
    fields: ['showPrivileges'],
    run: () => ({ authInfo: { authenticatedUsers: [], authenticatedUserRoles: [] } }),
  },
  serverStatus: {
    fields: ['repl', 'metrics', 'locks', 'mirroredReads', 'latchAnalysis'],
    run: call => ({
      host: 'embedded',
      version,
      process: 'wasl-embedded',
      pid: BigInt(process.pid),
      uptime: Math.round((Date.now() - call.host.startedAt) / 1000),
      localTime: new Date(),
      connections: { current: call.host.connections() },
      metrics: { cursor: { open: { total: call.host.cursors.size } } },
      storageEngine: { name: 'lmdb', supportsCommittedReads: true, persistent: true, readOnly: false },
      mem: { resident: Math.round(process.memoryUsage.rss() / 1_048_576) },
    }),
  },
  getParameter: {
    fields: ['featureCompatibilityVersion', 'allParameters'],
    run: call => {
      if (!call.has('featureCompatibilityVersion'))
        throw new CommandError('InvalidOptions', 'no option found to get')
      return { featureCompatibilityVersion: { version: version.slice(0, 3) } }
    },
  },
}

function buildInfo(): Definition {
  return {
    fields: [],
    run: () => ({
      version,
      versionArray: [7, 0, 0, 0],
      gitVersion: 'embedded',
      modules: ['wasl-embedded'],
      sysInfo: 'deprecated',
      bits: 64,
      debug: false,
      maxBsonObjectSize: 16_777_216,
      storageEngines: ['lmdb'],
    }),
  }
}
