import { invalidParameter, moodleException, noContext, noRecord } from '../exceptions.ts'
import { list, object, optional, required } from '../parameters.ts'
import type { GroupRow, Site } from '../site.ts'
import { localUser } from './enrolments.ts'
import { type Fields, type Functions, int, rows, text, texts } from './function.ts'

const fields = {
  descriptionformat: optional('int'),
  enrolmentkey: optional('raw'),
  idnumber: optional('raw'),
  visibility: optional('int'),
  participation: optional('bool'),
}
const member = object({ groupid: required('int'), userid: required('int') })

export const groupFunctions: Functions = {
  core_group_create_groups: {
    parameters: {
      groups: list(
        object({
          courseid: required('int'),
          name: required('text'),
          description: required('raw'),
          ...fields,
        }),
      ),
    },
    run: (site, parameters) => rows(parameters['groups']).map(group => details(createOne(site, group))),
  },

  core_group_update_groups: {
    parameters: {
      groups: list(
        object({ id: required('int'), name: required('text'), description: optional('raw'), ...fields }),
      ),
    },
    run(site, parameters) {
      for (const { id, ...changes } of rows(parameters['groups'])) {
        const group = site.groups.get(int(id))
        if (group === undefined) throw invalidParameter(`Group ${int(id)} does not exist`)
        if (text(changes['name']).trim() === '') throw invalidParameter('Invalid group name')
        enterCourse(site, group.courseid)
        checkNames(site, group.courseid, text(changes['name']), text(changes['idnumber']), group.id)
        site.groups.update(group.id, { ...changes, timemodified: site.time() } as Partial<GroupRow>)
      }
      return null
    },
  },

  core_group_delete_groups: {
    parameters: { groupids: list(required('int')) },
    run(site, parameters) {
      for (const id of texts(parameters['groupids']).map(Number)) {
        const group = site.groups.get(id)
        // Moodle passes over a group that is gone.
        if (group === undefined) continue
        enterCourse(site, group.courseid)
        removeGroup(site, id)
      }
      return null
    },
  },

  core_group_get_groups: {
    parameters: { groupids: list(required('int')) },
    run: (site, parameters) =>
      texts(parameters['groupids']).map(id => ({
        ...stored(known(site, Number(id), shown)),
        customfields: [],
      })),
  },

  core_group_get_course_groups: {
    parameters: { courseid: required('int') },
    run(site, parameters) {
      enterCourse(site, int(parameters['courseid']))
      return site.groups.by('courseid', int(parameters['courseid'])).map(stored)
    },
  },

  core_group_add_group_members: {
    parameters: { members: list(member) },
    run(site, parameters) {
      for (const { groupid, userid } of rows(parameters['members'])) {
        const group = known(site, int(groupid), '*')
        const user = localUser(site, int(userid))
        enterCourse(site, group.courseid)
        if (site.enrolments.by('pair', `${user.id}_${group.courseid}`).length === 0)
          throw invalidParameter('Only enrolled users may be members of groups')
        const pair = `${group.id}_${user.id}`
        if (site.groupMembers.by('pair', pair).length === 0)
          site.groupMembers.insert({ pair, of: group.id, userid: user.id })
      }
      return null
    },
  },

  core_group_delete_group_members: {
    parameters: { members: list(member) },
    run(site, parameters) {
      for (const { groupid, userid } of rows(parameters['members'])) {
        const group = known(site, int(groupid), '*')
        localUser(site, int(userid))
        for (const { id } of site.groupMembers.by('pair', `${group.id}_${int(userid)}`))
          site.groupMembers.remove(id)
      }
      return null
    },
  },

  core_group_get_group_members: {
    parameters: { groupids: list(required('int')) },
    run: (site, parameters) =>
      texts(parameters['groupids']).map(id => ({
        groupid: known(site, Number(id), 'id, courseid, name, enrolmentkey').id,
        userids: site.groupMembers.by('of', Number(id)).map(({ userid }) => userid),
      })),
  },
}

function createOne(site: Site, group: Fields): GroupRow {
  const [name, idnumber] = [text(group['name']), text(group['idnumber'])]
  if (name.trim() === '') throw invalidParameter('Invalid group name')
  const courseid = int(group['courseid'])
  if (site.groups.by('courseid', courseid).some(other => site.same(other.name, name)))
    throw invalidParameter('Group with the same name already exists in the course')
  enterCourse(site, courseid)
  checkNames(site, courseid, name, idnumber)
  return site.groups.insert({
    ...group,
    courseid,
    name,
    idnumber,
    description: text(group['description']),
    timemodified: site.time(),
  })
}

function checkNames(site: Site, courseid: number, name: string, idnumber: string, self?: number): void {
  const others = site.groups.by('courseid', courseid).filter(({ id }) => id !== self)
  if (others.some(other => site.same(other.name, name)))
    throw invalidParameter('A different group with the same name already exists in the course')
  if (idnumber !== '' && others.some(other => site.same(other.idnumber, idnumber)))
    throw moodleException('idnumbertaken', 'This ID number is already in use')
}

const shown =
  'id, courseid, name, idnumber, description, descriptionformat, enrolmentkey, visibility, participation'

/** `columns`: what Moodle's function asks for, which its debuginfo tells. */
function known(site: Site, id: number, columns: string): GroupRow {
  const group = site.groups.get(id)
  if (group === undefined) throw noRecord('groups', `SELECT ${columns} FROM {groups} WHERE id = ?`, [id])
  return group
}

export function removeGroup(site: Site, id: number): void {
  for (const member of site.groupMembers.by('of', id)) site.groupMembers.remove(member.id)
  site.groups.remove(id)
}

function enterCourse(site: Site, courseid: number): void {
  const why =
    site.courses.get(courseid) === undefined
      ? noContext().said(site)
      : site.has('moodle/course:managegroups')
        ? undefined
        : 'Course or activity not accessible.'
  if (why !== undefined)
    throw moodleException(
      'errorcoursecontextnotvalid',
      `You cannot execute functions in the course context (course id:${courseid}). The context error message was: ${why}`,
    )
}

/** As it is read back: a key that was never set is none. */
const stored = (group: GroupRow) => ({ ...details(group), enrolmentkey: group['enrolmentkey'] ?? null })

const details = (group: GroupRow) => ({
  id: group.id,
  courseid: group.courseid,
  name: group.name,
  description: group.description,
  descriptionformat: 1,
  enrolmentkey: group['enrolmentkey'] ?? '',
  idnumber: group.idnumber,
  visibility: Number(group['visibility'] ?? 0),
  participation: group['participation'] !== '0',
})
