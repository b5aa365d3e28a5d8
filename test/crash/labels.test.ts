import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { build, bundled } from '../../core/bundle.mjs'
import { CRASH_LABELS, crashPoint } from '../../core/crash.ts'
import { readSettings } from '../../core/settings.ts'
import { root } from '../sources.ts'

const TRACE = /WASL_CRASH|CRASH_LABELS|crashPoint|\bcrash\b|\.at\("[A-Z]\d"\)|after\("[A-Z]\d"\)/

describe('crash points', function () {
  this.timeout(120_000)
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wasl-bundle-'))
  })

  after(() => rm(folder, { recursive: true, force: true }))

  async function textOf(out: string): Promise<string> {
    const files = (await readdir(out)).filter(file => file.endsWith('.js'))
    const texts = await Promise.all(files.map(file => readFile(join(out, file), 'utf8')))
    // Lines are cut anywhere, strings too.
    return texts.join('').replaceAll(/\\?\n/g, '')
  }

  it('leave no trace in what people run', async () => {
    expect((await textOf(await bundled(root))).match(TRACE)).to.equal(null)
    await build(root, folder, { crashPoints: true })
    const text = await textOf(folder)
    for (const label of CRASH_LABELS) expect(text).to.match(new RegExp(`\\?\\.(at|after)\\("${label}"\\)`))
  })

  it('are named in the environment, and an unknown one is refused', async () => {
    const settings = await readSettings({ WASL_CRASH: 'C3:2', WASL_DATA: folder }, root)
    expect(settings.crash).to.equal('C3:2')
    for (const wrong of ['Z9', 'B1:0', 'B1:', 'b1', ''])
      expect(() => crashPoint(wrong)).to.throw('WASL_CRASH')
    expect(crashPoint(undefined)).to.equal(undefined)
  })
})
