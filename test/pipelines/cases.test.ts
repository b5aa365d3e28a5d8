import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type CaseFileReport, caseText, testCases } from '../../core/commands/test.ts'
import { registry } from '../pipeline/plugins.ts'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const folders = { pipelines: [path('../../pipelines')], config: [path('../../config')] }
const reports = await testCases({ folders, registry }, [path('.')])
/** The variants for colleges that teach several classes in one course. */
const configured = (folder: string) => ({ ...folders, config: [...folders.config, path(`${folder}/config`)] })
/** And those that tell the unit in the course of each class, or let Moodle suspend a student. */
const variants: CaseFileReport[] = []
for (const folder of ['in-groups', 'with-sections', 'with-summaries', 'suspended-in-moodle'])
  variants.push(...(await testCases({ folders: configured(folder), registry }, [path(folder)])))
/** A college that wants grades verified before they count. */
const verified = await testCases({ folders: configured('verified'), registry }, [path('verified')], 'default')

describe('case files', () => {
  for (const { file, results, findings } of [...reports, ...variants, ...verified])
    describe(file, () => {
      it('is well formed', () => {
        expect(findings).to.deep.equal([])
      })
      for (const result of results)
        it(result.name, () => {
          expect(result.differences, caseText(result)).to.deep.equal([])
        })
    })

  it('cover every module, variant and switch with at least 12 cases each', () => {
    const few = [...reports, ...variants, ...verified].filter(({ results }) => results.length < 12)
    expect(few.map(({ file, results }) => `${file}: ${results.length}`)).to.deep.equal([])
    const modules = reports.map(({ file }) =>
      file.replace(/.*\//, '').replace(/(-from-moodle|-from-zoho)?\.cases\.json$/, ''),
    )
    expect([...new Set(modules)]).to.include.members([
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
