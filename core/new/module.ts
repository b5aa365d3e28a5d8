/** The files of a new module: its pipeline, the college's own field names, and cases that pass. */
import { dirname, join, relative } from 'node:path'
import type { NewFiles, Place } from './files.ts'
import { laidOut } from './layout.ts'

export interface ModulePlan {
  readonly name: string
  readonly tenant: string
  readonly connector: string
  readonly resource: string
}

/** What an editor needs in order to complete and check the file. */
function schemaFor(path: string, schema: string, { root, base }: Place): string {
  const way = relative(dirname(join(base, path)), join(root, schema))
  return way.startsWith('.') ? way : `./${way}`
}

export function moduleFiles({ name, tenant, connector, resource }: ModulePlan, place: Place): NewFiles {
  const from = `${connector}/${resource}`
  const id = `${connector.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())}Id`
  const flow = `${connector}-to-store`
  const names = ['Name', 'name', 'title']
  const pipeline = `pipelines/${name}.json`
  const mapping = `config/mappings/${tenant}/${name}.json`
  const cases = `test/pipelines/${name}.cases.json`
  const first = 'a new one is stored'
  return new Map([
    [
      pipeline,
      laidOut({
        $schema: schemaFor(pipeline, 'pipelines/pipeline.schema.json', place),
        version: 1,
        module: name,
        summary: `What ${connector} keeps as ${resource}. It ends at the store until a push is added.`,
        record: {
          identity: { [from]: id },
          required: ['name'],
          fingerprint: ['name', 'note'],
          fields: {
            [id]: { type: 'string', format: 'id' },
            name: { type: 'string' },
            note: { type: 'string' },
          },
        },
        flows: {
          [flow]: {
            from,
            steps: [
              { step: 'parse' },
              {
                step: 'map',
                fields: {
                  [id]: 'id',
                  name: { from: names, transform: 'trim' },
                  note: ['Description', 'note'],
                },
              },
              { step: 'fingerprint' },
              { step: 'upsert' },
            ],
          },
        },
      }),
    ],
    [
      mapping,
      laidOut({
        $schema: schemaFor(mapping, 'config/mapping.schema.json', place),
        module: name,
        read: { [from]: { name: names } },
      }),
    ],
    [
      cases,
      laidOut({
        $schema: schemaFor(cases, 'test/cases.schema.json', place),
        flow: `${name}/${flow}`,
        event: { id: '00001', Name: 'الأول', Description: 'The first' },
        cases: [
          {
            name: first,
            expect: { outcome: 'NEW', module: name, fields: { [id]: '00001', name: 'الأول' }, sent: {} },
          },
          {
            name: 'the same again is unchanged',
            after: [first],
            expect: { outcome: 'UNCHANGED', changes: {}, sent: {} },
          },
          {
            name: 'a change is an update of one field',
            after: [first],
            with: { Name: 'The second' },
            expect: { outcome: 'UPDATED', changes: { name: ['الأول', 'The second'] } },
          },
          {
            name: 'an emptied note is cleared',
            after: [first],
            with: { Description: '' },
            expect: { outcome: 'UPDATED', changes: { note: ['The first', null] } },
          },
          {
            name: 'without a name it is invalid',
            without: ['Name'],
            expect: { outcome: 'INVALID', code: 'REQUIRED', at: 'name', tried: names },
          },
          {
            name: 'without an id it is invalid',
            without: ['id'],
            expect: { outcome: 'INVALID', code: 'PARSE_NO_ID' },
          },
        ],
      }),
    ],
  ])
}
