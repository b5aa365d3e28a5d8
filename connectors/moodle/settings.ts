import type { JsonSchema } from '../../core/plugin.ts'

export interface MoodleSettings {
  /** Moodle's wwwroot, such as `https://moodle.college.example` or `https://college.example/moodle`. */
  readonly url: string
  readonly token: string
  /** Private and loopback addresses and plain http are allowed (sandboxes, labs). Default false. */
  readonly allowPrivate?: boolean
  /** Moodle's role ids by name, where the site numbers them otherwise. Default `{ "student": 5, "teacher": 3 }`. */
  readonly roles?: Readonly<Record<string, number>>
}

export const settingsSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['url', 'token'],
  properties: {
    url: {
      type: 'string',
      format: 'uri',
      description: "Moodle's wwwroot, such as https://moodle.college.example.",
    },
    token: {
      type: 'string',
      minLength: 1,
      maxLength: 128,
      secret: true,
      description: 'Token of the service account (Server > Web services > Manage tokens).',
    },
    allowPrivate: {
      type: 'boolean',
      default: false,
      description: 'Allow private and loopback addresses and plain http (sandboxes, labs).',
    },
    roles: {
      type: 'object',
      additionalProperties: { type: 'integer', minimum: 1 },
      default: { student: 5, teacher: 3 },
      description: "Moodle's role ids by name, where the site numbers them otherwise.",
    },
  },
}

/** As every Moodle numbers them at its installation: `student`, and `editingteacher` for teachers. */
export const DEFAULT_ROLES: Readonly<Record<string, number>> = { student: 5, teacher: 3 }
