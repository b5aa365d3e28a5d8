import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { DataError } from '../core/errors.ts'
import { createLog, type LogLevel } from '../core/log.ts'
import { namesSecret } from '../core/redact.ts'

/** What one call writes: the text as it stands on the stream. */
function written(
  call: (log: ReturnType<typeof createLog>) => void,
  options: { level?: LogLevel; readable?: boolean; name?: string } = {},
): string {
  const stream = new PassThrough()
  call(createLog({ level: 'info', readable: false, ...options, stream }))
  return String(stream.read() ?? '')
}
const fact = (value: unknown) => JSON.parse(written(log => log.info('e', { value })))['value']

describe('log', () => {
  it('writes one JSON object per event, with time, level and event', () => {
    const line = JSON.parse(
      written(log => log.warn('push_refused', { tenant: 'default', count: 2 }), { name: 'engine' }),
    )
    expect(line).to.include({
      level: 'warn',
      event: 'push_refused',
      name: 'engine',
      tenant: 'default',
      count: 2,
    })
    expect(new Date(line.time).toISOString()).to.equal(line.time)
  })

  it('keeps silent below its level', () => {
    expect(written(log => log.debug('detail'))).to.equal('')
    expect(written(log => log.error('detail'), { level: 'silent' })).to.equal('')
    expect(written(log => log.debug('detail'), { level: 'debug' })).to.contain('detail')
  })

  it('does not let a fact take the place of the event or its level', () => {
    const line = JSON.parse(written(log => log.info('real', { event: 'forged', level: 'error', time: 0 })))
    expect(line).to.include({ event: 'real', level: 'info' })
  })

  it('takes any value without throwing', () => {
    const circle: Record<string, unknown> = { a: 1 }
    circle['self'] = circle
    const bad = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no')
        },
      },
    )
    expect(fact(circle)).to.deep.equal({ a: 1, self: '[circular]' })
    expect(fact(bad)).to.equal('[unreadable]')
    expect(fact(12n)).to.equal('12')
    expect(fact(Number.NaN)).to.equal('NaN')
    expect(fact(Buffer.from('abc'))).to.equal('[3 bytes]')
    expect(fact(new Map([['a', 1]]))).to.deep.equal({ a: 1 })
    expect(fact(new Date(Number.NaN))).to.equal('[no date]')
    expect(fact(Symbol('s'))).to.equal('Symbol(s)')
    expect(fact(undefined)).to.equal(undefined)
    expect(fact(new Array(200).fill(1))).to.have.length(101)
    expect(
      JSON.parse(written(log => log.info('e', JSON.parse('{"__proto__": {"x": 1}}')))),
    ).to.not.have.property('x')
  })

  for (const name of [
    'secret',
    'clientSecret',
    'Authorization',
    'refresh_token',
    'X-Api-Key',
    'key',
    'password',
    'wstoken',
    'Cookie',
  ])
    it(`hides what is called ${name}`, () => {
      expect(fact({ [name]: 'canary' })).to.deep.equal({ [name]: '[hidden]' })
    })

  it('does not take innocent names for secrets', () => {
    for (const name of ['monkey', 'tokens_left_at', 'keyboard', 'secretary', 'record', 'studentId'])
      expect(namesSecret(name), name).to.equal(false)
  })

  for (const [text, shown] of [
    ['got wasl_abcDEF123 there', 'got wasl_[hidden] there'],
    ['whsec_c2VjcmV0c2VjcmV0', 'whsec_[hidden]'],
    ['/events/x?endpoint=e1&secret=s3cr3t&z=1', '/events/x?endpoint=e1&secret=[hidden]&z=1'],
    ['Authorization: Bearer abcdefgh', 'Authorization: Bearer [hidden]'],
    ['mongodb://ali:pw@db.example/wasl', 'mongodb://[hidden]@db.example/wasl'],
    ['POST /token?refresh_token=1000.aa.bb', 'POST /token?refresh_token=[hidden]'],
  ] as const)
    it(`hides the secret in "${text}"`, () => {
      expect(fact(text)).to.equal(shown)
      expect(written(log => log.info(text))).to.not.match(
        /s3cr3t|abcDEF123|c2VjcmV0|abcdefgh|ali:pw|1000\.aa/,
      )
    })

  it('hides a secret that it was told of, in any text', () => {
    const out = written(log => {
      log.hide('correct-horse')
      log.info('said correct-horse', { deep: [{ text: 'a correct-horse b' }] })
    })
    expect(out).to.not.contain('correct-horse')
  })

  it('shows an error without its stack, and with it at level debug', () => {
    const error = new DataError('BAD_EMAIL', 'this is no email', { at: 'email', cause: new Error('inner') })
    expect(fact(error)).to.deep.equal({
      name: 'DataError',
      code: 'BAD_EMAIL',
      message: 'this is no email',
      at: 'email',
      cause: { name: 'Error', message: 'inner' },
    })
    expect(written(log => log.info('e', { error }))).to.not.contain('log.test')
    expect(written(log => log.info('e', { error }), { level: 'debug' })).to.contain('log.test')
  })

  it('keeps forged lines, terminal escapes and reordering characters inert', () => {
    const nasty = 'a\n{"level":"error"}\u001b[2J\u202Eb\u2028\u{e0041}'
    for (const readable of [true, false]) {
      const out = written(log => log.info(nasty, { [nasty]: nasty }), { readable })
      expect(out.indexOf('\n')).to.equal(out.length - 1)
      expect(out.trimEnd()).to.not.match(/[\p{Cc}\p{Cf}\p{Zl}]/u)
    }
    expect(fact(nasty)).to.equal(nasty)
  })

  it('writes readable lines for a person', () => {
    const out = written(log => log.warn('gate_closed', { remote: 'moodle', why: 'no answer' }), {
      readable: true,
    })
    expect(out).to.match(/^\d\d:\d\d:\d\d WARN {2}gate_closed remote=moodle why="no answer"\n$/)
  })

  it('outlives a reader that has gone away', () => {
    const stream = new PassThrough()
    const log = createLog({ level: 'info', readable: false, stream })
    stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    log.info('nobody reads this')
    expect(stream.read()).to.equal(null)
  })
})
