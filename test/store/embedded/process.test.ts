import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type Document, MongoClient } from 'mongodb'
import { embeddedUri } from '../../../core/store/embedded/connect.ts'
import { type RunningServer, startServer } from '../../../core/store/embedded/process.ts'
import { socketPathOf } from '../../../core/store/embedded/socket.ts'
import { failureOf } from './database.ts'

const entry = fileURLToPath(new URL('../../../core/store/embedded/process.ts', import.meta.url))

async function until(what: () => boolean | Promise<boolean>, limitMs = 8000): Promise<void> {
  for (const end = Date.now() + limitMs; !(await what()); ) {
    if (Date.now() > end) throw new Error('it did not come to pass in time')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    // No such process.
    return false
  }
}

/** Processes that were started for the data folder; none where the system has no /proc. */
function startersOf(folder: string): readonly number[] {
  if (!existsSync('/proc/self/cmdline')) return []
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      try {
        return (
          pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(folder)
        )
      } catch {
        // It ended since it was listed.
        return false
      }
    })
}

describe('the embedded server as a process', function () {
  this.timeout(30_000)
  let folder: string
  const clients: MongoClient[] = []
  const pids = new Set<number>()

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wasl-embedded-'))
  })
  afterEach(async () => {
    await Promise.all(clients.splice(0).map(client => client.close()))
    // Those that started beside the one that won may not have noticed yet.
    for (const pid of startersOf(folder)) pids.add(pid)
    for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
    await until(() => [...pids].every(pid => !isAlive(pid)))
    pids.clear()
    rmSync(dirname(socketPathOf(folder)), { recursive: true, force: true })
    rmSync(folder, { recursive: true, force: true })
  })

  async function open(lingerMs = 5000): Promise<{ client: MongoClient; pid: number; uri: string }> {
    const uri = await embeddedUri(folder, { entry, lingerMs })
    const client = new MongoClient(uri, { serverSelectionTimeoutMS: 5000 })
    clients.push(client)
    const status = await client.db().command({ serverStatus: 1 })
    const pid = Number(status['pid'])
    pids.add(pid)
    return { client, pid, uri }
  }

  it('is started once, however many ask for it at the same time', async () => {
    const opened = await Promise.all([open(), open(), open()])
    expect(new Set(opened.map(each => each.pid)).size).to.equal(1)
    expect(opened[0]!.uri).to.match(/^mongodb:\/\/%2F.*\.sock\/wasl\?directConnection=true$/)
    const socket = socketPathOf(folder)
    expect(statSync(dirname(socket)).mode & 0o777).to.equal(0o700)
  })

  it('keeps what it acknowledged through kill -9, again and again', async () => {
    const acknowledged: string[] = []
    for (let round = 0; round < 3; round++) {
      const { client, pid } = await open()
      const collection = client.db().collection<Document>('kept')
      await collection.createIndex({ n: 1 }, { unique: true })
      const writer = async (lane: number) => {
        for (let i = 0; ; i++) {
          const n = `${round}/${lane}/${i}`
          await collection.insertOne({ n })
          acknowledged.push(n)
        }
      }
      const lanes = Array.from({ length: 8 }, (_, lane) => writer(lane).catch(() => undefined))
      const before = acknowledged.length
      await until(() => acknowledged.length > before + 100)
      process.kill(pid, 'SIGKILL')
      await Promise.all(lanes)
    }
    const { client } = await open()
    const collection = client.db().collection<Document>('kept')
    const stored = new Set((await collection.find().toArray()).map(each => each['n']))
    expect(acknowledged.filter(n => !stored.has(n))).to.deep.equal([])
    expect(await collection.countDocuments()).to.equal(await collection.estimatedDocumentCount())
    expect(
      await collection
        .find({ n: { $in: [...stored] } })
        .hint({ n: 1 })
        .toArray(),
    ).to.have.length(stored.size)
  })

  it('ends some time after its last client, and comes back with everything', async () => {
    const first = await open(150)
    const db = first.client.db()
    await db.collection('c').createIndex({ a: 1 }, { unique: true, expireAfterSeconds: 3600 })
    await db.collection('c').insertOne({ _id: 1 as never, a: 1 })
    await new Promise(resolve => setTimeout(resolve, 300))
    expect(isAlive(first.pid)).to.equal(true)
    await first.client.close()
    await until(() => !isAlive(first.pid))
    expect(existsSync(socketPathOf(folder))).to.equal(false)
    const second = await open(150)
    expect(second.pid).to.not.equal(first.pid)
    const again = second.client.db().collection('c')
    expect(await again.findOne()).to.deep.equal({ _id: 1, a: 1 })
    expect((await again.indexes())[1]).to.include({ name: 'a_1', unique: true, expireAfterSeconds: 3600 })
    expect(await failureOf(again.insertOne({ a: 1 }))).to.include({ code: 11000 })
  })

  it('survives a client that dies in the middle of a message', async () => {
    const { client, pid } = await open()
    const socket = createConnection(socketPathOf(folder))
    await once(socket, 'connect')
    socket.write(Buffer.from([255, 0, 0, 0, 1]))
    socket.destroy()
    const broken = createConnection(socketPathOf(folder))
    await once(broken, 'connect')
    broken.write(
      Buffer.concat([
        Buffer.from([36, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xdd, 7, 0, 0]),
        Buffer.alloc(20, 0x7f),
      ]),
    )
    broken.resume()
    await once(broken, 'close')
    await client.db().command({ ping: 1 })
    expect(isAlive(pid)).to.equal(true)
  })

  it('finishes what it was asked when it is told to end', async () => {
    const { client, pid } = await open()
    const collection = client.db().collection<Document>('c')
    await collection.insertOne({ first: true })
    const writes = Array.from({ length: 20 }, () =>
      collection.insertOne({}).then(
        () => 1,
        () => 0,
      ),
    )
    process.kill(pid, 'SIGTERM')
    const acknowledged = (await Promise.all(writes)).reduce<number>((sum, each) => sum + each, 0)
    await until(() => !isAlive(pid))
    const { client: next } = await open()
    expect(await next.db().collection('c').countDocuments()).to.be.at.least(acknowledged + 1)
  })

  it('needs a folder that it can write', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    expect((await failureOf(embeddedUri(join(file, 'data'), { entry }))).message).to.match(
      /cannot be written \(ENOTDIR\)/,
    )
  })

  it('refuses a socket folder that others can enter', async () => {
    const socketFolder = dirname(socketPathOf(folder))
    mkdirSync(socketFolder)
    chmodSync(socketFolder, 0o777)
    expect((await failureOf(embeddedUri(folder, { entry }))).message).to.include('mode 0700')
  })

  it('says why it did not come up, with the end of its log', async () => {
    const failing = join(folder, 'failing.mjs')
    writeFileSync(failing, 'console.error("the disk is on fire"); process.exit(3)')
    const { message } = await failureOf(embeddedUri(folder, { entry: failing }))
    expect(message).to.include('exit code 3').and.include('the disk is on fire')
  })

  it('is small when idle', async () => {
    if (process.platform !== 'linux') return
    const { pid } = await open()
    const { readFileSync } = await import('node:fs')
    const [, anonymous] = /RssAnon:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    expect(Number(anonymous)).to.be.below(80 * 1024)
  })

  it('a second one for the same folder does not start while the first lives', async () => {
    const { pid } = await open()
    expect(await startServer({ dataFolder: folder, socketPath: join(folder, 'other', 's.sock') })).to.equal(
      undefined,
    )
    const child = spawn(process.execPath, ['--import', 'tsx', entry, folder], { stdio: 'ignore' })
    const [code] = await once(child, 'exit')
    expect(code).to.equal(0)
    expect(isAlive(pid)).to.equal(true)
  })
})

describe('the embedded server in this process', () => {
  let folder: string
  let server: RunningServer | undefined
  let client: MongoClient

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wasl-embedded-'))
    const socketPath = join(folder, 'socket', 's.sock')
    server = await startServer({ dataFolder: join(folder, 'data'), socketPath })
    client = new MongoClient(`mongodb://${encodeURIComponent(socketPath)}/test?directConnection=true`)
  })
  afterEach(async () => {
    await client.close()
    await server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('removes what its TTL indexes say is over', async () => {
    const collection = client.db().collection<Document>('c')
    await collection.createIndex({ at: 1 }, { expireAfterSeconds: 60 })
    const now = Date.now()
    const at = (seconds: number) => new Date(now - seconds * 1000)
    await collection.insertMany([
      { _id: 1, at: at(61) },
      { _id: 2, at: at(59) },
      { _id: 3 },
      { _id: 4, at: 'x' },
      { _id: 5, at: [at(0), at(99)] },
    ] as never)
    expect(await server!.expire(now)).to.equal(2)
    expect((await collection.find().toArray()).map(each => each['_id'])).to.deep.equal([2, 3, 4])
  })

  it('a command that fails midway leaves no half of a collection behind', async () => {
    const collection = client.db().collection<Document>('c')
    await collection.insertMany([
      { a: 1, b: 1 },
      { a: 2, b: 1 },
    ])
    const both = [
      { key: { a: 1 }, name: 'a' },
      { key: { b: 1 }, name: 'b', unique: true },
    ]
    expect(await failureOf(client.db().command({ createIndexes: 'c', indexes: both }))).to.include({
      code: 11000,
    })
    expect(await collection.indexes()).to.have.length(1)
    expect(
      await failureOf(
        client.db().command({ createIndexes: 'new', indexes: [both[0], { key: {}, name: 'x' }] }),
      ),
    ).to.include({ code: 67 })
    expect(await client.db().listCollections().toArray()).to.have.length(1)
    await collection.insertOne({ a: 3 })
    expect(await collection.find({ a: 3 }).toArray()).to.have.length(1)
  })
})
