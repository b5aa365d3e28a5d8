import { invalidParameter, noCapability } from '../exceptions.ts'
import { list, object, optional, required } from '../parameters.ts'
import { type GradePayload, gradePayload } from '../payloads.ts'
import type { GradeRow, Site } from '../site.ts'
import { type Fields, type Functions, int, rows } from './function.ts'

const MOST = 50
const PAGE = 200

/** Our plugin's functions about grades, which answer what its events tell. */
export const gradeFunctions: Functions = {
  local_moodle_zoho_sync_get_grades: {
    parameters: {
      grades: list(
        object({
          userid: required('int'),
          assignmentid: optional('int', '0'),
          itemid: optional('int', '0'),
        }),
      ),
    },
    run(site, parameters) {
      enter(site)
      const asked = rows(parameters['grades'])
      if (asked.length > MOST) throw invalidParameter(`More than ${MOST} grades`)
      const found = asked.map(one => [one, gradeOf(site, one)] as const)
      return {
        grades: found.flatMap(([, grade]) => (typeof grade === 'string' ? [] : [grade])),
        untold: found.flatMap(([one, reason]) =>
          typeof reason === 'string'
            ? [
                {
                  userid: int(one['userid']),
                  assignmentid: int(one['assignmentid']),
                  itemid: int(one['itemid']),
                  reason,
                },
              ]
            : [],
        ),
      }
    },
  },

  local_moodle_zoho_sync_list_grades: {
    parameters: {
      since: optional('int', '0'),
      after: optional('int', '0'),
      limit: optional('int', String(PAGE)),
    },
    run(site, parameters) {
      enter(site)
      const [since, after] = [int(parameters['since']), int(parameters['after'])]
      const limit = Math.max(1, Math.min(PAGE, int(parameters['limit'])))
      const later = [...site.grades.all()]
        .filter(({ id, payload }) => id > after && Number(payload['timemodified']) >= since)
        .sort((a, b) => a.id - b.id)
        .slice(0, limit)
      return {
        grades: later.filter(grade => isUser(site, grade.userid)).map(listed),
        next: later.length < limit ? 0 : later.at(-1)!.id,
      }
    },
  },
}

function enter(site: Site): void {
  if (!site.has('local/moodle_zoho_sync:viewgrades'))
    throw noCapability('Read grades through the web service, as they are told to Wasl')
}

const isUser = (site: Site, userid: string): boolean => site.users.get(Number(userid))?.deleted === 0

/** The data of the event, or why it is not told. */
function gradeOf(site: Site, { userid, assignmentid, itemid }: Fields): GradePayload | string {
  const user = String(int(userid))
  const of = int(assignmentid) > 0 ? String(int(assignmentid)) : `i${int(itemid)}`
  if (!isUser(site, user)) return 'gone'
  const [row] = site.grades.by('pair', `${user}_${of}`)
  if (row !== undefined) return gradePayload(site, row)
  return [...site.grades.all()].some(({ pair }) => pair.endsWith(`_${of}`)) ? 'no_grade' : 'gone'
}

function listed({ userid, payload, pair }: GradeRow) {
  const of = pair.slice(pair.indexOf('_') + 1)
  return {
    userid: Number(userid),
    assignmentid: of.startsWith('i') ? 0 : Number(of),
    itemid: Number(payload['itemid'] ?? 0),
    timemodified: Number(payload['timemodified']),
  }
}
