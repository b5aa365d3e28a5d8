import { defineConnector } from '../../core/plugin.ts'
import { check } from './check.ts'
import { moodleClient } from './client.ts'
import { collections, parse } from './parse.ts'
import { resources } from './resources.ts'
import { type MoodleSettings, settingsSchema } from './settings.ts'
import { userResource } from './users.ts'

export type { MoodleSettings } from './settings.ts'

export default defineConnector<MoodleSettings>({
  name: 'moodle',
  summary: 'Moodle 4.5 and later, through its web services and our local plugin.',
  settings: settingsSchema,
  resources,
  accepts: ['standard-webhooks'],
  collections,
  parse,

  connect({ url, token, allowPrivate = false }, tools) {
    const client = moodleClient(tools.http(url, { allowPrivate }), token, tools.now)
    return {
      resources: { user: userResource(client, tools.now) },
      check: signal => check(client, signal),
      close: async () => client.close(),
    }
  },
})
