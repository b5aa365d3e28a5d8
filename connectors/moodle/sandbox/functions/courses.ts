import {
  invalidParameter,
  MoodleException,
  moodleException,
  noCapability,
  noContext,
  noRecord,
} from '../exceptions.ts'
import { langs, list, object, optional, required } from '../parameters.ts'
import { coursePayload, deletedCourse } from '../payloads.ts'
import { unenrolUser } from '../person.ts'
import type { CourseRow, Origin, Site } from '../site.ts'
import { type Fields, type Functions, int, rows, text, texts } from './function.ts'
import { removeGroup } from './groups.ts'

const settings = {
  idnumber: optional('raw'),
  summary: optional('raw'),
  summaryformat: optional('int'),
  format: optional('plugin'),
  showgrades: optional('int'),
  newsitems: optional('int'),
  startdate: optional('int'),
  enddate: optional('int'),
  numsections: optional('int'),
  maxbytes: optional('int'),
  showreports: optional('int'),
  visible: optional('int'),
  hiddensections: optional('int'),
  groupmode: optional('int'),
  groupmodeforce: optional('int'),
  defaultgroupingid: optional('int'),
  enablecompletion: optional('int'),
  completionnotify: optional('int'),
  lang: optional('plugin'),
  forcetheme: optional('plugin'),
  courseformatoptions: list(object({ name: required('alphanumext'), value: required('raw') }), true),
  customfields: list(object({ shortname: required('alphanumext'), value: required('raw') }), true),
}

/** Fields that courses are asked for by; empty: all courses. */
const searchable = new Set(['', 'id', 'ids', 'shortname', 'idnumber', 'category', 'sectionid'])
const DAY = 86_400

export const courseFunctions: Functions = {
  core_course_create_courses: {
    parameters: {
      courses: list(
        object({
          fullname: required('text'),
          shortname: required('text'),
          categoryid: required('int'),
          ...settings,
        }),
      ),
    },
    run: (site, parameters, origin) =>
      rows(parameters['courses']).map(course => {
        const row = createOne(site, course, origin)
        return { id: row.id, shortname: row.shortname }
      }),
  },

  core_course_update_courses: {
    parameters: {
      courses: list(
        object({
          id: required('int'),
          fullname: optional('text'),
          shortname: optional('text'),
          categoryid: optional('int'),
          ...settings,
        }),
      ),
    },
    run(site, parameters, origin) {
      const warnings: unknown[] = []
      for (const course of rows(parameters['courses'])) {
        try {
          updateOne(site, course, origin)
        } catch (error) {
          if (!(error instanceof MoodleException)) throw error
          const said = error.body(site)
          warnings.push({
            item: 'course',
            itemid: int(course['id']),
            warningcode: said['errorcode'],
            message: said['message'],
          })
        }
      }
      return { warnings }
    },
  },

  core_course_delete_courses: {
    parameters: { courseids: list(required('int')) },
    run(site, parameters) {
      const warnings: unknown[] = []
      for (const id of texts(parameters['courseids']).map(Number)) {
        if (site.courses.get(id) !== undefined) {
          if (!site.has('moodle/course:delete')) throw noCapability('Delete courses')
          removeCourse(site, id)
          continue
        }
        warnings.push({
          item: 'course',
          itemid: id,
          warningcode: 'unknowncourseidnumber',
          message: `Unknown course ID ${id}`,
        })
      }
      return { warnings }
    },
  },

  core_course_get_courses_by_field: {
    parameters: { field: optional('alpha', ''), value: optional('raw', '') },
    run(site, parameters) {
      const [field, value] = [text(parameters['field']), text(parameters['value'])]
      if (!searchable.has(field)) throw invalidParameter('Invalid field name')
      if (field === 'ids' && value.split(',').some(id => site.courses.get(Number(id)) === undefined))
        throw new MoodleException('Error', undefined, 'Attempt to assign property "contextvalidated" on null')
      const courses = [...site.courses.all()].filter(course => {
        if (field === '') return true
        if (field === 'ids') return value.split(',').map(Number).includes(course.id)
        if (field === 'category') return course.categoryid === Number(value)
        return site.same(String(course[field]), value)
      })
      return { courses: courses.map(course => courseDetails(site, course)), warnings: [] }
    },
  },
}

/** With its enrolments and groups; told as the plugin tells it, the enrolments first. */
export function removeCourse(site: Site, id: number): void {
  for (const { userid } of site.enrolments.by('courseid', id)) unenrolUser(site, userid, id, 'web')
  for (const group of site.groups.by('courseid', id)) removeGroup(site, group.id)
  for (const section of site.sections.by('courseid', id)) site.sections.remove(section.id)
  const course = site.courses.get(id)!
  site.courses.remove(id)
  site.raise({ type: 'course_deleted', origin: 'web', data: deletedCourse(course, site.time()) })
}

function createOne(site: Site, fields: Fields, origin: Origin): CourseRow {
  const categoryid = int(fields['categoryid'])
  if (site.categories.get(categoryid) === undefined)
    throw moodleException(
      'errorcatcontextnotvalid',
      `You cannot execute functions in the category context (category id:${categoryid}). The context error message was: ${noContext().said(site)}`,
    )
  if (!site.has('moodle/course:create')) throw noCapability('Create courses')
  const [shortname, idnumber] = [text(fields['shortname']), text(fields['idnumber'])]
  for (const name of ['fullname', 'shortname']) if (text(fields[name]).trim() === '') throw invalidField(name)
  if (fields['lang'] !== undefined && !langs.has(text(fields['lang']))) throw invalidField('lang')
  checkNames(site, shortname, idnumber)
  const time = site.time()
  // Without dates a course begins today and ends in a year.
  const startdate = fields['startdate'] === undefined ? time - (time % DAY) : int(fields['startdate'])
  const enddate = fields['enddate'] === undefined ? startdate + 365 * DAY : int(fields['enddate'])
  checkDates(startdate, enddate)
  const course = site.courses.insert({
    summary: '',
    ...fields,
    fullname: text(fields['fullname']),
    shortname,
    idnumber,
    categoryid,
    timecreated: time,
    timemodified: time,
    startdate,
    enddate,
    visible: fields['visible'] === undefined ? 1 : int(fields['visible']),
  })
  site.raise({ type: 'course_created', origin, data: coursePayload(course) })
  return course
}

function updateOne(site: Site, { id, ...fields }: Fields, origin: Origin): void {
  const course = site.courses.get(int(id))
  if (course === undefined)
    throw noRecord('course', 'SELECT id,category FROM {course} WHERE id = ?', [int(id)])
  if (!site.has('moodle/course:update')) throw noCapability('Update course settings')
  for (const name of ['fullname', 'shortname'])
    if (fields[name] !== undefined && text(fields[name]).trim() === '') throw invalidField(name)
  const { shortname, idnumber, lang } = fields
  if (lang !== undefined && lang !== (course['lang'] ?? '')) {
    if (!site.has('moodle/course:setforcedlanguage')) throw noCapability('Force course or activity language')
    if (!langs.has(text(lang))) throw invalidField('lang')
  }
  if (course.id === SITE) throw moodleException('invalidcourse', 'Invalid course')
  checkNames(site, shortname === undefined ? '' : text(shortname), text(idnumber), course.id)
  const numbers: { [name: string]: number } = {}
  for (const name of ['categoryid', 'startdate', 'enddate', 'visible'])
    if (fields[name] !== undefined) numbers[name] = int(fields[name])
  checkDates(
    ...(['startdate', 'enddate'].map(name => numbers[name] ?? Number(course[name] ?? 0)) as [number, number]),
  )
  const { categoryid } = numbers
  if (categoryid !== undefined && site.categories.get(categoryid) === undefined)
    throw noRecord('course_categories', 'SELECT id,parent FROM {course_categories} WHERE id = ?', [
      `${categoryid}`,
    ])
  const changed = site.courses.update(course.id, {
    ...fields,
    ...numbers,
    timemodified: site.time(),
  } as Partial<CourseRow>)
  site.raise({ type: 'course_updated', origin, data: coursePayload(changed) })
}

const SITE = 1
const invalidField = (name: string) => moodleException('errorinvalidparam', `The param "${name}" is invalid.`)

function checkDates(startdate: number, enddate: number): void {
  if (enddate !== 0 && enddate < startdate)
    throw moodleException('enddatebeforestartdate', 'The course end date must be after the start date.')
}

function checkNames(site: Site, shortname: string, idnumber: string, self?: number): void {
  if (shortname !== '' && site.having(site.courses, 'shortname', shortname).some(({ id }) => id !== self))
    throw moodleException('shortnametaken', `Short name is already used for another course (${shortname})`)
  if (idnumber !== '' && site.having(site.courses, 'idnumber', idnumber).some(({ id }) => id !== self))
    throw moodleException('courseidnumbertaken', `ID number is already used for another course (${idnumber})`)
}

/** What a course shows; without moodle/course:update it ends after the enrolment methods. */
function courseDetails(site: Site, course: CourseRow): unknown {
  const shown = {
    id: course.id,
    fullname: course.fullname,
    displayname: course.fullname,
    shortname: course.shortname,
    courseimage: `${site.wwwroot}/pluginfile.php/${course.id + 12}/course/generated/course.svg`,
    categoryid: course.categoryid,
    categoryname: site.categories.get(course.categoryid)?.name ?? '',
    sortorder: course.categoryid * 10_000 + 1,
    summary: course['summary'] ?? '',
    summaryformat: int((course['summaryformat'] as string | undefined) ?? '1'),
    summaryfiles: [],
    overviewfiles: [],
    showactivitydates: true,
    showcompletionconditions: true,
    contacts: [],
    enrollmentmethods: ['manual'],
  }
  if (!site.has('moodle/course:update')) return shown
  return {
    ...shown,
    idnumber: course.idnumber,
    format: course['format'] ?? 'topics',
    showgrades: 1,
    newsitems: 5,
    startdate: course['startdate'] ?? 0,
    enddate: course['enddate'] ?? 0,
    maxbytes: 0,
    showreports: 0,
    visible: course['visible'] ?? 1,
    groupmode: int(course['groupmode'] as string | undefined),
    groupmodeforce: 0,
    defaultgroupingid: 0,
    enablecompletion: 1,
    completionnotify: 0,
    lang: '',
    theme: '',
    marker: 0,
    legacyfiles: 0,
    calendartype: '',
    timecreated: course.timecreated,
    timemodified: course.timemodified,
    requested: 0,
    cacherev: course.timemodified + 2,
    filters: ['displayh5p', 'activitynames', 'mathjaxloader', 'emoticon', 'urltolink', 'mediaplugin'].map(
      filter => ({ filter, localstate: 0, inheritedstate: 1 }),
    ),
    courseformatoptions: [
      { name: 'hiddensections', value: 1 },
      { name: 'coursedisplay', value: 0 },
      { name: 'indentation', value: '1' },
    ],
  }
}
