import type { Demo } from '../../../core/plugin.ts'
import { college } from './college.ts'
import { startMoodleSandbox } from './index.ts'
import type { MoodlePlugin } from './plugin.ts'

const json = `-H 'Content-Type: application/json'`

/** The same address at each start where it is free, so that a command in a person's history still works. */
const PORT = 8003

/** The sandbox with a few people of its own, its plugin aimed at the engine. */
const demo: Demo = {
  async start({ folder, log }) {
    const sandbox = await startMoodleSandbox({ folder, college, port: PORT }).catch(error => {
      if (error.code !== 'EADDRINUSE') throw error
      return startMoodleSandbox({ folder, college })
    })
    log.debug('moodle.sandbox_started', { url: sandbox.url })
    const door = `${sandbox.url}/sandbox`
    let plugin: MoodlePlugin | undefined
    return {
      url: door,
      settings: { ...sandbox.settings },
      announce({ url, id, secret }) {
        void plugin?.stop()
        plugin = sandbox.plugin({ url, endpoint: id, secret })
      },
      examples: [
        {
          order: 20,
          title: 'She is in Moodle.',
          command: `curl -s '${door}/users?idnumber=STU-501'`,
        },
        {
          order: 80,
          title: 'A student is entered in Moodle; a moment later Zoho has her.',
          command: `curl -s ${json} ${door}/users -d '{"firstname":"سلمى","lastname":"منصور","email":"salma.mansour@college.example","city":"Irbid","country":"JO","role":"student"}'`,
        },
        {
          order: 85,
          // With a second one it would be asked again after 30 s only.
          title:
            'Moodle goes into maintenance for one call. Add another student in Zoho: it arrives by itself.',
          command: `curl -s ${json} ${door}/faults -d '{"kind":"maintenance","times":1}'`,
        },
      ],
      close: () => sandbox.stop(),
    }
  },
}

export default demo
