import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { caseText, testCases } from '../../core/commands/test.ts'
import { registry } from '../pipeline/plugins.ts'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const folders = { pipelines: [path('../../pipelines')], config: [path('../../config')] }
const reports = await testCases({ folders, registry }, [path('.')])
/** The variants for colleges that teach several classes in one course. */
const inGroups = { ...folders, config: [...folders.config, path('in-groups/config')] }
const variants = await testCases({ folders: inGroups, registry }, [path('in-groups')])

describe('case files', () => {
  for (const { file, results, findings } of [...reports, ...variants])
    describe(file, () => {
      it('is well formed', () => {
        expect(findings).to.deep.equal([])
      })
      for (const result of results)
        it(result.name, () => {
          expect(result.differences, caseText(result)).to.deep.equal([])
        })
    })

  it('cover every module with at least 12 cases', () => {
    const counts = new Map<string, number>()
    for (const { file, results } of reports) {
      const module = file.replace(/.*\//, '').replace(/(-from-moodle|-from-zoho)?\.cases\.json$/, '')
      counts.set(module, (counts.get(module) ?? 0) + results.length)
    }
    const few = [...counts].filter(([, count]) => count < 12)
    expect(few).to.deep.equal([])
    expect([...counts.keys()]).to.include.members([
      'student',
      'teacher',
      'program',
      'unit',
      'class',
      'registration',
      'enrollment',
      'payment',
      'grade',
    ])
  })
})
