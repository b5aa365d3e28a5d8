import type { Demo } from '../../../core/plugin.ts'
import { college } from './college.ts'
import { startMoodleSandbox } from './index.ts'
import type { MoodlePlugin } from './plugin.ts'

const json = `-H 'Content-Type: application/json'`

/** The sandbox with a few people of its own, its plugin aimed at the engine. */
const demo: Demo = {
  async start({ folder, log }) {
    const sandbox = await startMoodleSandbox({ folder, college })
    log.info('moodle.sandbox_started', { url: sandbox.url })
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
          order: 30,
          title: 'A student is entered in Moodle; she appears in Zoho',
          command: `curl -s ${json} ${door}/users -d '{"firstname":"سلمى","lastname":"منصور","email":"salma.mansour@college.example","city":"Irbid","country":"JO","role":"student"}'`,
        },
        {
          order: 40,
          title: 'Her teacher grades an assignment in Moodle: a Merit in Zoho',
          command: `curl -s ${json} ${door}/grades -d '{"username":"salma.mansour","assignment":{"id":"9001","name":"Unit 1 Assignment A"},"finalgrade":65,"feedback":"Good work","grader":{"id":"7","name":"Omar Khalil"},"grader_role":"teacher"}'`,
        },
        {
          order: 50,
          title: 'What Moodle holds now',
          command: `curl -s ${door}/users`,
        },
        {
          order: 70,
          title: 'Moodle goes into maintenance for the next 20 calls',
          command: `curl -s ${json} ${door}/faults -d '{"kind":"maintenance","times":20}'`,
        },
        { order: 95, title: 'What Moodle was asked', command: `curl -s ${door}/log` },
      ],
      close: () => sandbox.stop(),
    }
  },
}

export default demo
