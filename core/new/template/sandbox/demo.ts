import type { Demo } from '../../../plugin.ts'
import { startSandbox } from './index.ts'

/** The sandbox beside the demo's others, with one item in it. */
const demo: Demo = {
  async start({ log }) {
    const sandbox = await startSandbox()
    sandbox.save({ code: 'A-001', title: 'The first item' })
    log.debug('sample.sandbox_started', { url: sandbox.url })
    return {
      url: sandbox.url,
      settings: { ...sandbox.settings },
      announce: endpoint => sandbox.announce(endpoint),
      examples: [],
      close: () => sandbox.close(),
    }
  },
}

export default demo
