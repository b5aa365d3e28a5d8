import { invalidParameter, MoodleException, moodleException, noCapability, noRecord } from '../exceptions.ts'
import { list, object, optional, required } from '../parameters.ts'
import type { CourseRow, SectionRow, Site } from '../site.ts'
import { type Fields, type Functions, int, isTrue, rows, text } from './function.ts'

const MOST = 50
/** As a new Moodle has it: sections that a course begins with, and may have. */
const FIRST = 4
const LAST = 52

/** Our plugin's function that writes sections, and Moodle's own that shows them. */
export const sectionFunctions: Functions = {
  local_moodle_zoho_sync_set_sections: {
    parameters: {
      sections: list(
        object({
          courseid: required('int'),
          number: required('int'),
          name: optional('text'),
          summary: optional('raw'),
          visible: optional('bool'),
        }),
      ),
    },
    run(site, parameters) {
      const asked = rows(parameters['sections'])
      if (asked.length > MOST) throw invalidParameter(`More than ${MOST} sections`)
      const sections: unknown[] = []
      const warnings: unknown[] = []
      for (const section of asked) {
        try {
          sections.push(setOne(site, section))
        } catch (error) {
          if (!(error instanceof MoodleException)) throw error
          const { errorcode, message } = error.body(site)
          warnings.push({
            item: 'course',
            itemid: int(section['courseid']),
            warningcode: errorcode,
            message,
          })
        }
      }
      return { sections, warnings }
    },
  },

  core_course_get_contents: {
    parameters: {
      courseid: required('int'),
      options: list(object({ name: required('alphanumext'), value: required('raw') }), true),
    },
    run(site, parameters) {
      const course = courseIn(site, parameters['courseid'])
      const told = site.sections.by('courseid', course.id)
      const last = Math.max(FIRST, ...told.map(({ number }) => number))
      return Array.from({ length: last + 1 }, (_, number) => contents(site, course, number))
    },
  },
}

function courseIn(site: Site, id: Fields[string] | undefined): CourseRow {
  const course = site.courses.get(int(id))
  if (course === undefined) throw noRecord('course', 'SELECT * FROM {course} WHERE id = ?', [int(id)])
  return course
}

function setOne(site: Site, asked: Fields) {
  const course = courseIn(site, asked['courseid'])
  if (!site.has('moodle/course:update')) throw noCapability('Update course settings')
  if (course['format'] === 'singleactivity')
    throw moodleException('sectionnone', 'The format of this course has no sections')
  const number = int(asked['number'])
  if (number < 0 || number > LAST)
    throw moodleException('sectiontoofar', `This course may have no more than ${LAST} sections`)
  const section = sectionAt(site, course.id, number)
  const changes: Partial<SectionRow> = {}
  if (asked['name'] !== undefined && text(asked['name']) !== section.name) changes.name = text(asked['name'])
  if (asked['summary'] !== undefined && text(asked['summary']) !== section.summary)
    changes.summary = text(asked['summary'])
  const visible = isTrue(asked['visible']) ? 1 : 0
  if (asked['visible'] !== undefined && number > 0 && visible !== section.visible) {
    if (!site.has('moodle/course:sectionvisibility')) throw noCapability('Control section visibility')
    changes.visible = visible
  }
  const changed = Object.keys(changes).length > 0
  if (changed) site.sections.update(section.id, changes)
  return { courseid: course.id, id: section.id, changed }
}

function sectionAt(site: Site, courseid: number, number: number): SectionRow {
  const found = site.sections.by('courseid', courseid).find(each => each.number === number)
  return found ?? site.sections.insert({ courseid, number, name: '', summary: '', visible: 1 })
}

const escaped = (plain: string) =>
  plain
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\n', '<br />\n')

function contents(site: Site, course: CourseRow, number: number) {
  const { id, name, summary, visible } = sectionAt(site, course.id, number)
  return {
    id,
    name: name === '' ? (number === 0 ? 'General' : 'New section') : name,
    visible,
    summary: escaped(summary),
    summaryformat: 1,
    section: number,
    hiddenbynumsections: 0,
    uservisible: true,
    component: null,
    itemid: null,
    modules: [],
  }
}
