import { moodleException, noCapability, noRecord } from '../exceptions.ts'
import { list, object, optional, required } from '../parameters.ts'
import type { CategoryRow, Site } from '../site.ts'
import { removeCourse } from './courses.ts'
import { type Fields, type Functions, int, rows, text } from './function.ts'

const fields = {
  idnumber: optional('raw'),
  description: optional('raw'),
  descriptionformat: optional('int'),
  theme: optional('plugin'),
}

export const categoryFunctions: Functions = {
  core_course_create_categories: {
    parameters: {
      categories: list(object({ name: required('text'), parent: optional('int', '0'), ...fields })),
    },
    run: (site, parameters) =>
      rows(parameters['categories']).map(category => {
        const parent = int(category['parent'])
        if (parent !== 0 && site.categories.get(parent) === undefined)
          throw moodleException('unknowcategory', 'Category not known!')
        if (!site.has('moodle/category:manage')) throw noCapability('Manage categories')
        if (text(category['name']) === '') throw nameless()
        checkIdnumber(site, text(category['idnumber']))
        const row = site.categories.insert({
          name: text(category['name']),
          idnumber: text(category['idnumber']),
          description: text(category['description']),
          parent,
          timemodified: site.time(),
        })
        return { id: row.id, name: row.name }
      }),
  },

  core_course_update_categories: {
    parameters: {
      categories: list(
        object({ id: required('int'), name: optional('text'), parent: optional('int'), ...fields }),
      ),
    },
    run(site, parameters) {
      for (const { id, ...changes } of rows(parameters['categories'])) {
        const category = known(site, int(id))
        if (!site.has('moodle/category:manage')) throw noCapability('Manage categories')
        if (changes['name'] === '') throw nameless()
        if (changes['idnumber'] !== undefined) checkIdnumber(site, text(changes['idnumber']), category.id)
        site.categories.update(category.id, {
          ...changes,
          ...(changes['parent'] === undefined ? {} : { parent: newParent(site, category, changes) }),
          timemodified: site.time(),
        } as Partial<CategoryRow>)
      }
      return null
    },
  },

  core_course_delete_categories: {
    parameters: {
      categories: list(
        object({ id: required('int'), newparent: optional('int'), recursive: optional('bool', '0') }),
      ),
    },
    run(site, parameters) {
      if (!site.has('moodle/category:manage')) throw noCapability('Manage categories')
      for (const { id } of rows(parameters['categories'])) removeBranch(site, known(site, int(id)).id)
      return null
    },
  },

  core_course_get_categories: {
    parameters: {
      criteria: list(object({ key: required('alpha'), value: required('raw') }), true),
      addsubcategories: optional('bool', '1'),
    },
    run(site, parameters) {
      const criteria = rows(parameters['criteria'])
      const manages = site.has('moodle/category:manage')
      for (const { key } of criteria) refuseCriterion(text(key), manages)
      const found = [...site.categories.all()].filter(category =>
        criteria.every(({ key, value }) =>
          key === 'ids'
            ? text(value).split(',').map(Number).includes(category.id)
            : site.same(String(category[text(key)] ?? ''), text(value)),
        ),
      )
      const below = ({ path }: { path: string }) =>
        parameters['addsubcategories'] !== '0' &&
        found.some(category => path.startsWith(`${pathOf(site, category)}/`))
      return [...site.categories.all()]
        .map(category => ({ category, path: pathOf(site, category) }))
        .filter(each => found.includes(each.category) || below(each))
        .sort((a, b) => inTree(a.path, b.path))
        .map(({ category, path }) => ({
          id: category.id,
          name: category.name,
          ...(manages ? { idnumber: category.idnumber === '' ? null : category.idnumber } : {}),
          description: category.description,
          descriptionformat: 1,
          parent: category.parent,
          sortorder: category.id * 10_000,
          coursecount: 0,
          ...(manages ? { visible: 1, visibleold: 1, timemodified: category.timemodified } : {}),
          depth: path.split('/').length - 1,
          path,
          ...(manages ? { theme: '' } : {}),
        }))
    },
  },
}

const criterion = new Set(['id', 'ids', 'idnumber', 'name', 'parent', 'visible', 'theme'])

function refuseCriterion(key: string, manages: boolean): void {
  const why = !criterion.has(key)
    ? `You can not search on this criteria: ${key}`
    : !manages && key !== 'id' && key !== 'ids' && key !== 'name' && key !== 'parent'
      ? `You don't have the permissions to search on the "${key}" field.`
      : undefined
  if (why !== undefined)
    throw moodleException('criteriaerror', 'Missing permissions to search on a criterion.', why)
}

/** A category before those below it, and brothers by their ids. */
function inTree(a: string, b: string): number {
  const [one, other] = [a, b].map(path => path.split('/').map(Number)) as [number[], number[]]
  const at = one.findIndex((id, depth) => id !== other[depth])
  return at === -1 ? one.length - other.length : (one[at] ?? 0) - (other[at] ?? 0)
}

/** Where a category stands: `/1/4`. */
function pathOf(site: Site, { id, parent }: CategoryRow): string {
  const above = site.categories.get(parent)
  return `${above === undefined ? '' : pathOf(site, above)}/${id}`
}

function known(site: Site, id: number): CategoryRow {
  const category = site.categories.get(id)
  if (category === undefined)
    throw moodleException('unknowncategory', `Unknown category with category ID number "${id}"`)
  return category
}

function newParent(site: Site, category: CategoryRow, { parent }: Fields): number {
  const id = int(parent)
  if (id !== 0 && site.categories.get(id) === undefined)
    throw noRecord('course_categories', 'SELECT id,parent FROM {course_categories} WHERE id = ?', [id])
  if (`${id === 0 ? '' : pathOf(site, site.categories.get(id)!)}/`.includes(`/${category.id}/`))
    throw moodleException('cannotmovecategory', 'Cannot move category')
  return id
}

/** With all that stands in it, as `recursive` asks; to move it elsewhere instead is not played here. */
function removeBranch(site: Site, id: number): void {
  for (const below of [...site.categories.all()].filter(({ parent }) => parent === id))
    removeBranch(site, below.id)
  for (const course of [...site.courses.all()].filter(({ categoryid }) => categoryid === id))
    removeCourse(site, course.id)
  site.categories.remove(id)
}

const nameless = () => moodleException('categorynamerequired', 'Category name is required')

function checkIdnumber(site: Site, idnumber: string, self?: number): void {
  if (idnumber !== '' && site.having(site.categories, 'idnumber', idnumber).some(({ id }) => id !== self))
    throw moodleException('categoryidnumbertaken', 'ID number is already used for another category')
}
