import { invalidParameter, noCapability, noRecord } from '../exceptions.ts'
import { list, object, optional, required } from '../parameters.ts'
import type { CohortRow, Site, UserRow } from '../site.ts'
import { localUser } from './enrolments.ts'
import { type Functions, int, isTrue, rows, text, texts } from './function.ts'

interface Typed {
  readonly type: string
  readonly value: string
}

const typed = object({ type: required('text'), value: required('raw') })
const fields = {
  description: optional('raw'),
  descriptionformat: optional('int'),
  visible: optional('bool'),
  theme: optional('plugin'),
}

export const cohortFunctions: Functions = {
  core_cohort_create_cohorts: {
    parameters: {
      cohorts: list(
        object({ categorytype: typed, name: required('raw'), idnumber: required('raw'), ...fields }),
      ),
    },
    run: (site, parameters) =>
      rows(parameters['cohorts']).map(cohort => {
        const { type, value } = cohort['categorytype'] as unknown as Typed
        if (!holds(site, { type, value }))
          throw invalidParameter(`category not exists: category ${type} = ${value}`)
        checkIdnumber(site, text(cohort['idnumber']))
        manage(site)
        const row = site.cohorts.insert({
          name: text(cohort['name']),
          idnumber: text(cohort['idnumber']),
          description: text(cohort['description']),
          visible: cohort['visible'] === undefined || isTrue(cohort['visible']) ? 1 : 0,
        })
        return details(row)
      }),
  },

  core_cohort_update_cohorts: {
    parameters: {
      cohorts: list(
        object({
          id: required('int'),
          categorytype: typed,
          name: required('raw'),
          idnumber: required('raw'),
          ...fields,
        }),
      ),
    },
    run(site, parameters) {
      for (const { id, categorytype, ...changes } of rows(parameters['cohorts'])) {
        if (text(changes['name']).trim() === '') throw invalidParameter('Invalid cohort name')
        const cohort = known(site, int(id))
        manage(site)
        const where = categorytype as unknown as Typed
        if (!holds(site, where)) throw invalidParameter(`category not exists: category=${where.value}`)
        // Moodle does not look whether another cohort has the idnumber.
        const { visible } = changes
        site.cohorts.update(cohort.id, {
          ...changes,
          ...(visible === undefined ? {} : { visible: isTrue(visible) ? 1 : 0 }),
        } as Partial<CohortRow>)
      }
      return null
    },
  },

  core_cohort_delete_cohorts: {
    parameters: { cohortids: list(required('int')) },
    run(site, parameters) {
      for (const id of texts(parameters['cohortids']).map(Number)) {
        known(site, id)
        manage(site)
        for (const member of site.cohortMembers.by('of', id)) site.cohortMembers.remove(member.id)
        site.cohorts.remove(id)
      }
      return null
    },
  },

  core_cohort_get_cohorts: {
    parameters: { cohortids: list(required('int'), true) },
    run(site, parameters) {
      const ids = texts(parameters['cohortids']).map(Number)
      return [...site.cohorts.all()]
        .filter(({ id }) => ids.length === 0 || ids.includes(id))
        .map(cohort => ({ ...details(cohort), customfields: [] }))
    },
  },

  core_cohort_search_cohorts: {
    parameters: {
      query: required('raw'),
      context: object({
        contextid: optional('int', '0'),
        contextlevel: optional('alphanum', ''),
        instanceid: optional('int', '0'),
      }),
      includes: optional('alpha', 'parents'),
      limitfrom: optional('int', '0'),
      limitnum: optional('int', '25'),
    },
    run(site, parameters) {
      if (!site.has('moodle/cohort:manage') && !site.has('moodle/cohort:view'))
        throw noCapability('View site-wide cohorts')
      const query = text(parameters['query']).toLowerCase()
      const context = parameters['context'] as unknown as {
        contextid: string
        contextlevel: string
        instanceid: string
      }
      checkContext(context)
      const found = [...site.cohorts.all()].filter(({ name, idnumber, description }) =>
        [name, idnumber, description].some(value => value.toLowerCase().includes(query)),
      )
      const [from, most] = [int(parameters['limitfrom']), int(parameters['limitnum'])]
      return {
        cohorts: found
          .sort((a, b) => a.name.localeCompare(b.name) || a.idnumber.localeCompare(b.idnumber))
          .slice(from, most === 0 ? undefined : from + most)
          .map(cohort => ({ ...details(cohort), customfields: [] })),
      }
    },
  },

  core_cohort_add_cohort_members: {
    parameters: { members: list(object({ cohorttype: typed, usertype: typed })) },
    run(site, parameters) {
      const warnings: unknown[] = []
      for (const member of rows(parameters['members'])) {
        const [cohorttype, usertype] = [member['cohorttype'], member['usertype']] as unknown as [Typed, Typed]
        const odd = !['id', 'idnumber'].includes(cohorttype.type)
          ? `cohortype=${cohorttype.type}`
          : !['id', 'username'].includes(usertype.type)
            ? `usertype=${usertype.type}`
            : undefined
        if (odd !== undefined) {
          warnings.push({ warningcode: '1', message: `invalid parameter: ${odd}` })
          continue
        }
        const cohort = cohortBy(site, cohorttype)
        if (cohort === undefined) {
          const message = `cohort ${cohorttype.type}=${cohorttype.value} not exists`
          warnings.push({ warningcode: '2', message })
          continue
        }
        const user = userBy(site, usertype)
        if (user === undefined) {
          warnings.push({ warningcode: '2', message: `user ${usertype.type}=${usertype.value} not exists` })
          continue
        }
        const pair = `${cohort.id}_${user.id}`
        if (site.cohortMembers.by('pair', pair).length > 0) {
          const held = `cohort(${cohorttype.type}=${cohorttype.value} ${usertype.type}=${usertype.value})`
          warnings.push({ warningcode: '3', message: `record already exists: ${held}` })
          continue
        }
        manage(site)
        site.cohortMembers.insert({ pair, of: cohort.id, userid: user.id })
      }
      return { warnings }
    },
  },

  core_cohort_delete_cohort_members: {
    parameters: { members: list(object({ cohortid: required('int'), userid: required('int') })) },
    run(site, parameters) {
      for (const { cohortid, userid } of rows(parameters['members'])) {
        const cohort = known(site, int(cohortid))
        localUser(site, int(userid))
        manage(site)
        for (const { id } of site.cohortMembers.by('pair', `${cohort.id}_${int(userid)}`))
          site.cohortMembers.remove(id)
      }
      return null
    },
  },

  core_cohort_get_cohort_members: {
    parameters: { cohortids: list(required('int')) },
    run: (site, parameters) =>
      texts(parameters['cohortids']).map(id => ({
        cohortid: known(site, Number(id)).id,
        userids: site.cohortMembers.by('of', Number(id)).map(({ userid }) => userid),
      })),
  },
}

function known(site: Site, id: number): CohortRow {
  const cohort = site.cohorts.get(id)
  if (cohort === undefined) throw noRecord('cohort', 'SELECT * FROM {cohort} WHERE id = ?', [id])
  return cohort
}

function checkIdnumber(site: Site, idnumber: string): void {
  if (site.having(site.cohorts, 'idnumber', idnumber).length > 0)
    throw invalidParameter(`record already exists: idnumber=${idnumber}`)
}

/** Whether the site has what a cohort is to belong to. */
function holds(site: Site, { type, value }: Typed): boolean {
  switch (type) {
    case 'system':
      return true
    case 'id':
      return site.categories.get(Number(value)) !== undefined
    case 'idnumber':
      return site.having(site.categories, 'idnumber', value).length > 0
  }
  throw invalidParameter(`category type must be id, idnumber or system:${type}`)
}

function checkContext({ contextid, contextlevel }: { contextid: string; contextlevel: string }): void {
  if (contextid !== '0') return
  if (contextlevel === '')
    throw invalidParameter(
      'Missing parameters, please provide either context level with instance id or contextid',
    )
  if (!levels.has(contextlevel)) throw invalidParameter(`Invalid context level = ${contextlevel}`)
}
const levels = new Set(['system', 'user', 'coursecat', 'course', 'module', 'block'])

function manage(site: Site): void {
  if (!site.has('moodle/cohort:manage')) throw noCapability('Create, delete and move cohorts')
}

const cohortBy = (site: Site, { type, value }: { type: string; value: string }): CohortRow | undefined =>
  type === 'id' ? site.cohorts.get(Number(value)) : site.having(site.cohorts, 'idnumber', value)[0]

const userBy = (site: Site, { type, value }: { type: string; value: string }): UserRow | undefined => {
  const user = type === 'id' ? site.users.get(Number(value)) : site.users.by('username', value)[0]
  return user?.deleted === 0 ? user : undefined
}

const details = ({ id, name, idnumber, description, visible }: CohortRow) => ({
  id,
  name,
  idnumber,
  description,
  descriptionformat: 1,
  visible: visible === 1,
  theme: '',
})
