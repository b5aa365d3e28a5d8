/** What Moodle was sent, by the sandbox's own log. */
import type { LoggedCall, MoodleSandbox } from '../../connectors/moodle/sandbox/index.ts'

export interface Write {
  readonly at: number
  readonly content: string
}

export interface Writes {
  readonly byStudent: ReadonlyMap<string, readonly Write[]>
  readonly created: ReadonlyMap<string, number>
  look(): void
  end(): void
}

/** Every student that Moodle was told to create or update, and did. The sandbox keeps the newest calls only. */
export function writesOf(moodle: MoodleSandbox): Writes {
  const byStudent = new Map<string, Write[]>()
  const created = new Map<string, number>()
  let last: LoggedCall | undefined
  function look(): void {
    const from = last === undefined ? 0 : moodle.log.lastIndexOf(last) + 1
    for (const call of moodle.log.slice(from)) {
      last = call
      if (!/^core_user_(create|update)_users$/.test(call.function) || call.errorcode !== undefined) continue
      const { users } = call.parameters as unknown as { users: Record<string, Record<string, string>> }
      for (const sent of Object.values(users)) {
        const name = sent['idnumber'] ?? moodle.site.users.get(Number(sent['id']))?.idnumber ?? ''
        // A creation that was lost is sent again as an update: what counts is which version they say.
        const write = { at: Date.parse(call.at), content: sent['lastname'] ?? '' }
        byStudent.set(name, [...(byStudent.get(name) ?? []), write])
        if (call.function === 'core_user_create_users') created.set(name, (created.get(name) ?? 0) + 1)
      }
    }
  }
  const timer = setInterval(look, 500)
  return { byStudent, created, look, end: () => clearInterval(timer) }
}
