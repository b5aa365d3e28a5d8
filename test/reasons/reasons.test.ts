import { expect } from 'chai'
import moodle from '../../connectors/moodle/index.ts'
import zoho from '../../connectors/zoho/index.ts'
import { CORE_CODES, createReasons, LANGUAGES } from '../../core/reasons/reasons.ts'
import { SENTENCES } from '../../core/reasons/sentences.ts'
import { codeOf, filesIn } from '../sources.ts'

/**
 * Files whose codes are findings: those tell the place in a file, what is wrong there and what to do, each time in
 * words of their own.
 */
const FINDINGS =
  /^core\/(pipeline\/(case|check|config|further|known|lending|load|schema|shape|source|fields-)|steps\/(map|dependency-check|push-lint)|commands\/)/
/** Names of settings and codes of Node, which no error of ours carries. */
const OTHERS =
  /^(MONGODB_URI|DEFAULT_TENANT_ID|LOG_LEVEL|NODE_ENV|NODE_EXTRA_CA_CERTS|MODULE_NOT_FOUND|(WASL|ERR|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)_.*|ALERT_(DISK_FREE|MAIL_(COMMAND|FROM|TO)|WEBHOOK_(PRIVATE|SECRET|URL)))$/

/** A text in capitals with an underscore is a code; one word alone only where an error is made. */
const NAMED = /["'`]([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)["'`]/g
const GIVEN = /\bcode: ["'`]([A-Z][A-Z0-9_]+)["'`]/g
const RAISED = /\b(?:\w*Error|problem|unavailable|refusal)\(\s*(?:\d+,\s*)?["'`]([A-Z][A-Z0-9_]+)["'`]/g

describe('reasons in plain words', () => {
  const codes = new Map<string, string>()

  before(async () => {
    const files = filesIn('core', 'connectors').filter(
      file => file.endsWith('.ts') && !/\/(embedded|sandbox|reasons|template)\/|\/reasons\.ts$/.test(file),
    )
    for (const file of files) {
      const code = await codeOf(file)
      const [, connector] = /^connectors\/(\w+)\//.exec(file) ?? []
      for (const [, raised] of code.matchAll(RAISED)) codes.set(raised as string, file)
      if (FINDINGS.test(file)) continue
      for (const [, named = ''] of [...code.matchAll(NAMED), ...code.matchAll(GIVEN)]) {
        // A connector's tables name the remote's words too: its own codes begin with its name.
        const own = connector === undefined || named.startsWith(`${connector.toUpperCase()}_`)
        if (own && !OTHERS.test(named)) codes.set(named, file)
      }
    }
  })

  const connectors = [zoho, moodle]
  const reasons = createReasons(connectors)

  it('finds the codes of core and of the connectors', () => {
    for (const code of ['REQUIRED', 'NOT_UNIQUE', 'SETTINGS', 'NOT_FOUND', 'JSON_DEPTH', 'REMOTE_TIMEOUT'])
      expect(codes.has(code), code).to.equal(true)
    expect([...codes.keys()].filter(code => code.startsWith('ZOHO_')).length).to.be.greaterThan(15)
    expect([...codes.keys()].filter(code => code.startsWith('MOODLE_')).length).to.be.greaterThan(25)
  })

  it('every code has a cause, who can mend it, and the next step, in English and Arabic', () => {
    const silent = [...codes].filter(([code]) => LANGUAGES.some(each => reasons.of(code, each) === undefined))
    expect(silent.map(([code, file]) => `${code} (${file})`)).to.deep.equal([])
  })

  it('no reason is kept for a code that nobody raises', () => {
    const known = [CORE_CODES, ...connectors.map(each => each.reasons ?? {})].flatMap(Object.keys)
    // These are answered by their number of status alone.
    const byStatus = ['BAD_REQUEST', 'UNAVAILABLE']
    expect(known.filter(code => !codes.has(code) && !byStatus.includes(code))).to.deep.equal([])
  })

  it('English is English and Arabic Arabic, each a whole sentence', () => {
    const odd: string[] = []
    for (const all of [CORE_CODES, ...connectors.map(each => each.reasons ?? {})])
      for (const [code, { en, ar }] of Object.entries(all)) {
        if (![en.cause, en.next].every(text => /^[A-Z`].*\.$/.test(text) && !/[\u0600-\u06ff]/.test(text)))
          odd.push(`${code} en`)
        if (![ar.cause, ar.next].every(text => /[\u0600-\u06ff].*\.$/.test(text))) odd.push(`${code} ar`)
      }
    expect(odd).to.deep.equal([])
  })

  it('the same values stand in a sentence of both languages', () => {
    const values = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort()
    for (const [name, { en, ar }] of Object.entries(SENTENCES))
      expect(values(en), name).to.deep.equal(values(ar))
  })
})
