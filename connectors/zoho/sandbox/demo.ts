import type { Demo } from '../../../core/plugin.ts'
import { college } from './college.ts'
import { startZohoSandbox } from './index.ts'

const json = `-H 'Content-Type: application/json'`

/** The same address at each start where it is free, so that a command in a person's history still works. */
const PORT = 8002

/** The sandbox with a small college, its workflows aimed at the engine; they show what they were answered. */
const demo: Demo = {
  async start({ folder, log }) {
    const sandbox = await startZohoSandbox({ folder, college, port: PORT }).catch(error => {
      if (error.code !== 'EADDRINUSE') throw error
      return startZohoSandbox({ folder, college })
    })
    log.debug('zoho.sandbox_started', { url: sandbox.url })
    const students = `${sandbox.url}/sandbox/BTEC_Students`
    const [first] = sandbox.records('BTEC_Students')
    const one = `${students}/${String(first?.['id'])}`
    const name = String(first?.['Full_Name'])
    return {
      url: `${sandbox.url}/sandbox`,
      settings: { ...sandbox.settings },
      announce({ url, id, secret }) {
        const address = `${new URL(url).origin}/api/v1/events/zoho/{module}?endpoint=${encodeURIComponent(id)}`
        sandbox.notify({ url: address, secret, retries: 3, headers: { Prefer: 'wait=5' } })
      },
      examples: [
        {
          order: 10,
          title: 'The registrar adds a student in Zoho. Its webhook tells Wasl: NEW, and created in Moodle.',
          command: `curl -s ${json} '${students}?webhook' -d '{"Student_ID":"STU-501","Full_Name":"Huda Nasser","Academic_Email":"huda.nasser@college.example","City":"Zarqa","Country":"Jordan","Status":"Active"}'`,
        },
        {
          order: 30,
          title: 'A moment later Wasl has told Zoho: see Student_Moodle_ID and Sync_Status.',
          command: `curl -s '${students}?Student_ID=STU-501'`,
        },
        {
          order: 40,
          title: 'The same webhook comes once more: a duplicate.',
          command: `curl -s -X POST ${sandbox.url}/sandbox/repeat`,
        },
        {
          order: 50,
          title: 'She is saved again without a change: UNCHANGED, and nothing is sent.',
          command: `curl -s -X PATCH ${json} '${students}?Student_ID=STU-501&webhook' -d '{"City":"Zarqa"}'`,
        },
        {
          order: 60,
          title: 'Now with a change: UPDATED, with the list of changes.',
          command: `curl -s -X PATCH ${json} '${students}?Student_ID=STU-501&webhook' -d '{"City":"Salt","Phone_Number":"+962 79 555 0199"}'`,
        },
        {
          order: 70,
          title: `The email of ${name} is emptied by mistake: INVALID, with what was looked for; Zoho shows Failed.`,
          command: `curl -s -X PATCH ${json} '${one}?webhook' -d '{"Academic_Email":null}'`,
        },
      ],
      close: () => sandbox.close(),
    }
  },
}

export default demo
