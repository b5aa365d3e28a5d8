import type { Demo } from '../../../core/plugin.ts'
import { college } from './college.ts'
import { startZohoSandbox } from './index.ts'

const json = `-H 'Content-Type: application/json'`

/** The sandbox with a small college, its workflows aimed at the engine. */
const demo: Demo = {
  async start({ folder, log }) {
    const sandbox = await startZohoSandbox({ folder, college })
    log.info('zoho.sandbox_started', { url: sandbox.url })
    const students = `${sandbox.url}/sandbox/BTEC_Students`
    const [first] = sandbox.records('BTEC_Students')
    const one = `${students}/${String(first?.['id'])}`
    return {
      url: `${sandbox.url}/sandbox`,
      settings: { ...sandbox.settings },
      announce({ url, id, secret }) {
        const base = url.replace(/\/+$/, '')
        const target = `${base}/api/v1/events/zoho/{module}?endpoint=${encodeURIComponent(id)}`
        sandbox.notify({ url: target, secret, style: 'workflow', retries: 3 })
      },
      examples: [
        {
          order: 10,
          title: 'The registrar adds a student in Zoho; a Moodle user appears',
          command: `curl -s ${json} ${students} -d '{"Full_Name":"Huda Nasser","Academic_Email":"huda.nasser@college.example","City":"Zarqa","Country":"Jordan","Status":"Active"}'`,
        },
        {
          order: 20,
          title: 'She corrects the city of another',
          command: `curl -s -X PATCH ${json} ${one} -d '{"City":"Salt"}'`,
        },
        {
          order: 60,
          title: 'Zoho asks everybody to slow down for the next 20 calls',
          command: `curl -s ${json} ${sandbox.url}/sandbox/faults -d '{"status429":true,"retryAfter":"5","times":20}'`,
        },
        { order: 90, title: 'What Zoho was asked', command: `curl -s ${sandbox.url}/sandbox/log` },
      ],
      close: () => sandbox.close(),
    }
  },
}

export default demo
