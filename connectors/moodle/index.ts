import { defineConnector } from '../../core/plugin.ts'
import { categoryResource } from './categories.ts'
import { check } from './check.ts'
import { moodleClient } from './client.ts'
import { cohortResource } from './cohorts.ts'
import { courseResource } from './courses.ts'
import { enrollmentResource } from './enrollments.ts'
import { gradeResource } from './grades.ts'
import { groupResource } from './groups.ts'
import { cohortMemberResource, groupMemberResource } from './members.ts'
import { collections, parse } from './parse.ts'
import { reasons } from './reasons.ts'
import { resources } from './resources.ts'
import { type MoodleSettings, settingsSchema } from './settings.ts'
import { moodleUsername } from './username.ts'
import { userResource } from './users.ts'

export type { MoodleSettings } from './settings.ts'

export default defineConnector<MoodleSettings>({
  name: 'moodle',
  summary: 'Moodle 4.5 and later, through its web services and our local plugin.',
  settings: settingsSchema,
  resources,
  accepts: ['standard-webhooks'],
  transforms: [moodleUsername],
  collections,
  parse,
  reasons,
  demo: () => import('./sandbox/demo.ts'),

  connect(settings, tools) {
    const { url, token, allowPrivate = false } = settings
    const client = moodleClient(tools.http(url, { allowPrivate }), token, tools.now)
    return {
      resources: {
        user: userResource(client, tools.now),
        course: courseResource(client),
        category: categoryResource(client),
        cohort: cohortResource(client),
        cohort_member: cohortMemberResource(client),
        group: groupResource(client),
        group_member: groupMemberResource(client),
        enrollment: enrollmentResource(client, settings),
        grade: gradeResource(client),
      },
      check: signal => check(client, settings, signal),
      close: async () => client.close(),
    }
  },
})
