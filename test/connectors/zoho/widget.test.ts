import { execFile } from 'node:child_process'
import { createHash, createHmac, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { type College, openCollege } from '../../e2e/college.ts'

const FOLDER = new URL('../../../connectors/zoho/widget/', import.meta.url)
const BROWSER = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

interface Asked {
  readonly method: string
  readonly path: string
  readonly body: string
  readonly if_match: string
}

/** What an admin does, one after the other; the result stands in the page's title. */
const CLICKS = `
  const wait = async test => { for (;;) { const found = test(); if (found) return found; await new Promise(r => setTimeout(r, 20)) } }
  const text = id => document.getElementById(id).textContent
  addEventListener('load', async () => {
    const row = () => document.querySelector('tr[data-module=student]')
    await wait(row)
    row().querySelector('input').click()
    await wait(() => row() && !row().querySelector('input').checked)
    row().querySelector('input').click()
    await wait(() => row() && row().querySelector('input').checked)
    row().querySelector('button').click()
    const mapping = document.getElementById('mapping')
    await wait(() => mapping.value)
    mapping.value = JSON.stringify({ module: 'student', read: { 'zoho/BTEC_Students': { phone: { from: 'Handy' } } } })
    document.getElementById('preview').click()
    const preview = await wait(() => text('shown'))
    document.getElementById('reason').value = 'By the widget.'
    document.getElementById('save').click()
    const saved = await wait(() => text('said'))
    document.getElementById('language').click()
    await wait(() => document.documentElement.dir === 'rtl' && row())
    document.body.dataset.result = JSON.stringify({ preview, saved, button: text('save') })
  })`

describe('the widget for Zoho CRM', () => {
  let college: College
  let server: Server
  let url: string
  const asked: Asked[] = []

  before(async function () {
    this.timeout(30_000)
    college = await openCollege({ announce: false })
    server = createServer(async (request, response) => {
      const path = new URL(request.url ?? '/', 'http://x').pathname
      if (path === '/execute') {
        const parts: Buffer[] = []
        for await (const part of request) parts.push(part as Buffer)
        const output = await execute(JSON.parse(Buffer.concat(parts).toString()) as Asked)
        return void response.end(
          JSON.stringify({ code: 'success', details: { output: JSON.stringify(output) } }),
        )
      }
      const file = await readFile(new URL(`.${path}`, FOLDER), 'utf8').catch(() => undefined)
      response.setHeader('content-type', path.endsWith('.js') ? 'text/javascript' : 'text/html')
      response.end(file?.replace(/<script src="https:[^>]*><\/script>/, `<script>${STAND_IN}</script>`))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  after(async () => {
    await new Promise(resolve => server.close(resolve))
    await college.close()
  })

  const STAND_IN = `window.ZOHO = {
    embeddedApp: { on(_, run) { this.run = run }, init() { this.run() } },
    CRM: { FUNCTIONS: { execute: async (name, { arguments: body }) => {
      if (name !== 'wasl_extension') throw new Error(name)
      return (await fetch('/execute', { method: 'POST', body })).json()
    } } } }
  ${CLICKS}`

  /** As the Deluge function does it; what is signed is taken from its source. */
  async function execute(args: Asked): Promise<{ status: number; body: string }> {
    asked.push(args)
    const { method, path, body, if_match } = args
    const { id, secret } = college.engine.credentials.endpoints['zoho'] as { id: string; secret: string }
    const source = await readFile(new URL('functions/wasl_extension.dg', FOLDER), 'utf8')
    const expression = (name: string) =>
      new RegExp(`^\\t${name} = (.*);$`, 'm').exec(source)?.[1] ?? 'missing'
    const target = new Function('path', 'endpoint', `return ${expression('target')}`)(path, id)
    const timestamp = String(Math.floor(Date.now() / 1000))
    const nonce = createHash('sha256').update(randomUUID()).digest('hex')
    const digest = createHash('sha256').update(body).digest('hex')
    const names = ['timestamp', 'nonce', 'method', 'target', 'digest']
    const text = new Function(...names, `return ${expression('text')}`)(
      timestamp,
      nonce,
      method,
      target,
      digest,
    )
    const answer = await fetch(`${college.engine.url}${target}`, {
      method,
      headers: {
        'Content-Type': 'application/json',
        'X-Zoho-Timestamp': timestamp,
        'X-Zoho-Nonce': nonce,
        'X-Zoho-Signature': createHmac('sha256', secret).update(text).digest('hex'),
        ...(if_match === '' ? {} : { 'If-Match': if_match }),
      },
      ...(method === 'GET' ? {} : { body }),
    })
    return { status: answer.status, body: await answer.text() }
  }

  it('its function signs as the engine verifies, reading and changing', async () => {
    const path = '/v1/extension/modules'
    const listed = await execute({ method: 'GET', path, body: '', if_match: '' })
    expect([listed.status, listed.body]).to.satisfy(
      () => listed.status === 200 && /student/.test(listed.body),
    )
    const body = '{"interval":3600}'
    expect((await execute({ method: 'PUT', path: `${path}/student`, body, if_match: '' })).status).to.equal(
      200,
    )
    const preview = '/v1/extension/field-mappings/student/preview'
    const tried = await execute({ method: 'POST', path: preview, body: '{"mapping":{}}', if_match: '' })
    expect(tried.status).to.equal(200)
  })

  it('its page holds no secret and asks by the function alone', async () => {
    for (const file of ['app/widget.js', 'app/widget.html']) {
      const text = await readFile(new URL(file, FOLDER), 'utf8')
      expect(text).not.to.match(/secret\s*[=:]|fetch\(|XMLHttpRequest|innerHTML/i)
    }
  })

  it('shows, switches, previews and saves in a browser, in both languages', async function () {
    if (BROWSER === undefined) return this.skip()
    this.timeout(90_000)
    asked.length = 0
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--lang=en',
      '--virtual-time-budget=15000',
      '--dump-dom',
    ]
    const run = promisify(execFile)
    const { stdout } = await run(BROWSER, [...flags, `${url}/app/widget.html`], { timeout: 80_000 })
    const result = /data-result="([^"]*)"/.exec(stdout)?.[1]?.replaceAll('&quot;', '"')
    expect(JSON.parse(result ?? '{}'), stdout).to.deep.equal({
      preview: '0 events were tried: 0 would differ. Nothing was written.',
      saved: 'Saved as version 2',
      button: 'حفظ',
    })
    expect(stdout).to.match(/<html lang="ar" dir="rtl">/)
    expect(asked.filter(({ method }) => method === 'PUT').map(({ path }) => path)).to.deep.equal([
      '/v1/extension/modules/student',
      '/v1/extension/modules/student',
      '/v1/extension/field-mappings/student',
    ])
  })
})
