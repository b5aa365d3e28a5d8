import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Runs the program of `folder` as a person does, and tells what it printed and how it ended. */
function wasl(args: readonly string[], folder = root, env: NodeJS.ProcessEnv = {}) {
  return new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    const child = spawn(process.execPath, [join(folder, 'core/wasl.mjs'), ...args], {
      env: { PATH: '/nowhere', HOME: tmpdir(), ...env },
    })
    const said = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', text => (said.out += text))
    child.stderr.setEncoding('utf8').on('data', text => (said.err += text))
    child.on('error', reject).on('close', code => resolve({ code, ...said }))
  })
}

describe('the program wasl', () => {
  it('lists its commands with --help, help, or nothing', async () => {
    for (const args of [['--help'], ['help'], []]) {
      const { code, out, err } = await wasl(args)
      expect({ code, err }).to.deep.equal({ code: 0, err: '' })
      expect(out).to.contain('wasl <command>')
    }
  })

  it('tells its version', async () => {
    expect(await wasl(['--version'])).to.deep.include({ code: 0, out: '0.1.0\n' })
  })

  it('refuses a command that it does not know, in words', async () => {
    const { code, out, err } = await wasl(['sing'])
    expect({ code, out }).to.deep.equal({ code: 2, out: '' })
    expect(err).to.equal('There is no command "sing". wasl --help lists them.\n')
    expect((await wasl(['strat'])).err).to.contain('Did you mean wasl start?')
  })

  it('tells what a command takes, and refuses what it does not take', async () => {
    const { code, out } = await wasl(['check', '--help'])
    expect(code).to.equal(0)
    expect(out).to.match(/^wasl check .*--tenant/)
    const refused = await wasl(['check', '--tennant', 'x'])
    expect(refused).to.include({ code: 2, out: '' })
    expect(refused.err).to.contain("'--tennant'").and.not.contain('    at ')
  })

  it('tells all that is wrong with the settings, and ends with 3', async () => {
    const { code, err } = await wasl(['check'], root, { PORT: 'x', LOG_LEVEL: 'loud' })
    expect(code).to.equal(3)
    expect(err)
      .to.contain('PORT: it is "x"')
      .and.contain('LOG_LEVEL: it is "loud"')
      .and.not.contain('    at ')
  })
})

describe('the bundle', function () {
  this.timeout(60_000)
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wasl-clone-'))
    for (const name of ['core', 'connectors', 'package.json', 'package-lock.json'])
      cpSync(join(root, name), join(folder, name), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const built = () => readdirSync(join(folder, 'dist'))

  it('is built once, by whoever comes first, and nothing half-made is left', async () => {
    const ends = await Promise.all([
      wasl(['--version'], folder),
      wasl(['--version'], folder),
      wasl(['--version'], folder),
    ])
    for (const end of ends) expect(end).to.deep.equal({ code: 0, out: '0.1.0\n', err: '' })
    expect(built()).to.have.length(1)
  })

  it('is built again when a source changes, and not when none does', async () => {
    await wasl(['--version'], folder)
    const first = built()
    await wasl(['--version'], folder)
    expect(built()).to.deep.equal(first)
    utimesSync(join(folder, 'core/main.ts'), new Date(), new Date(Date.now() + 5000))
    await wasl(['--version'], folder)
    expect(built()).to.have.length(2)
  })

  it('tells in words what a source that cannot be compiled lacks', async () => {
    writeFileSync(join(folder, 'core/main.ts'), 'export const main = (\n')
    const { code, err } = await wasl(['--version'], folder)
    expect(code).to.equal(3)
    expect(err).to.contain('Wasl cannot be built').and.contain('core/main.ts')
  })

  it('asks for npm ci where the packages are not installed', async () => {
    rmSync(join(folder, 'node_modules'))
    const { code, err } = await wasl(['--version'], folder)
    expect({ code, err }).to.deep.equal({
      code: 3,
      err: 'The packages are not installed yet: run npm ci first.\n',
    })
  })
})
