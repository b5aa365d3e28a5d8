import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import zoho from '../../../connectors/zoho/index.ts'
import { RetryableError } from '../../../core/errors.ts'
import type { Connection } from '../../../core/plugin.ts'
import { memoryVault, toolsFor } from './tools.ts'

const none = new AbortController().signal

/** A remote that answers as it is told: what no sandbox of Zoho would, but a proxy or a bad day may. */
describe('answers that say nothing', () => {
  let server: Server
  let connection: Connection
  let answer: { status: number; body: string }
  let asked: string[]

  beforeEach(async () => {
    asked = []
    server = createServer((request, response) => {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      asked.push(`${request.method} ${request.url}`)
      request.resume()
      if (request.url!.startsWith('/oauth')) {
        response.end(JSON.stringify({ access_token: 't', api_domain: url, expires_in: 3600 }))
      } else if (request.url!.includes('/settings/fields')) {
        const fields = [
          { api_name: 'id' },
          { api_name: 'City', data_type: 'text' },
          { api_name: 'Modified_Time' },
        ]
        response.end(JSON.stringify({ fields }))
      } else response.writeHead(answer.status).end(answer.body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const accountsUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const settings = { accountsUrl, clientId: 'c', clientSecret: 's', refreshToken: 'r', allowPrivate: true }
    connection = zoho.connect(settings, toolsFor(memoryVault()))
  })
  afterEach(async () => {
    await connection.close()
    await new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  })

  const students = () => connection.resources['BTEC_Students']!
  const raised = (work: Promise<unknown>) =>
    work.then(
      value => value,
      error => error,
    )
  const useless: [string, number, string][] = [
    ['a page', 200, '<html><body>Sign in</body></html>'],
    ['torn JSON', 200, '{"data":[{"id":"1"'],
    ['nothing', 200, ''],
    ['null', 200, 'null'],
    ['a list', 200, '[]'],
    ['no list of records', 200, '{}'],
    ['null for the list', 200, '{"data":null}'],
    ['a gateway’s page', 502, '<html>Bad Gateway</html>'],
    ['an empty 503', 503, ''],
  ]
  for (const [name, status, body] of useless)
    it(`${name} (${status}) is no success: not for a read, not for a search, not for a write`, async () => {
      answer = { status, body }
      const calls = [
        students().read(['1', '2'], none),
        students().find('City', ['Amman'], none),
        students()
          .write([{ fields: { City: 'Amman' } }], none)
          .then(([result]) => (result!.ok ? result : result!.error)),
      ]
      for (const error of await Promise.all(calls.map(raised))) expect(error).to.be.instanceOf(RetryableError)
      expect(await raised(calls[2]!)).to.include({ ambiguous: true })
    })

  it('204 is nothing found', async () => {
    answer = { status: 204, body: '' }
    expect((await students().find('City', ['Amman'], none)).size).to.equal(0)
    expect((await students().read(['1'], none)).get('1')).to.deep.equal({ state: 'unseen' })
  })

  it('a redirect is not followed', async () => {
    answer = { status: 307, body: '' }
    expect(await raised(students().read(['1', '2'], none))).to.be.instanceOf(Error)
    expect(
      asked.filter(path => !path.startsWith('POST /oauth') && !path.includes('/settings/')),
    ).to.have.length(1)
  })

  it('an id is kept with all its digits, also where it came as a number', async () => {
    answer = {
      status: 200,
      body: '{"data":[{"id":3652397000000186017,"City":"Amman"}],"info":{"more_records":false}}',
    }
    const found = await students().read(['3652397000000186017', '1'], none)
    expect(found.get('3652397000000186017')).to.deep.include({ state: 'found' })
  })

  it('a batch of more than 4 MiB goes in several calls', async () => {
    answer = { status: 201, body: '{"data":[]}' }
    const fields = { City: 'x'.repeat(1_000_000) }
    await students().write([{ fields }, { fields }, { fields }, { fields }, { fields }], none)
    expect(asked.filter(path => path === 'POST /crm/v8/BTEC_Students')).to.have.length(2)
  })
})
