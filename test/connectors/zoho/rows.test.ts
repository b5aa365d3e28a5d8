import { expect } from 'chai'
import zoho from '../../../connectors/zoho/index.ts'
import { rowChanges } from '../../../connectors/zoho/rows.ts'
import { startZohoSandbox, type ZohoSandbox } from '../../../connectors/zoho/sandbox/index.ts'
import { DataError } from '../../../core/errors.ts'
import type { Connection, Payload, WriteResult } from '../../../core/plugin.ts'
import { memoryVault, toolsFor } from './tools.ts'

const none = new AbortController().signal

const rows = [
  { LO_Code: 'P1', LO_Title: 'يشرح الخوارزميات', LO_Score: 1 },
  { LO_Code: 'M2', LO_Title: 'Analyses', LO_Score: 0 },
]

describe('rows of a subform', () => {
  let sandbox: ZohoSandbox
  let connection: Connection
  const module = (name: string) => connection.resources[name]!
  const idOf = (result: WriteResult | undefined) => {
    if (result === undefined) throw new Error('no result')
    if (!result.ok) throw result.error
    return result.id
  }
  beforeEach(async () => {
    sandbox = await startZohoSandbox()
    connection = zoho.connect(sandbox.settings, toolsFor(memoryVault()))
  })
  afterEach(async () => {
    await connection.close()
    await sandbox.close()
  })

  it('makes the rows of a subform what they should be, however often it is said', async () => {
    const id = idOf(
      (
        await module('BTEC_Grades').write([{ fields: { Score: 70, Learning_Outcomes_Assessm: rows } }], none)
      )[0],
    )
    const there = async () => (await grade(id))['Learning_Outcomes_Assessm'] as Payload[]
    const codes = async () => (await there()).map(row => row['LO_Code'])
    const firstIds = (await there()).map(row => row['id'])
    expect(await codes()).to.deep.equal(['P1', 'M2'])

    const changed = [
      { ...rows[0]!, LO_Score: 2 },
      rows[1]!,
      { LO_Code: 'D1', LO_Title: 'Evaluates', LO_Score: 1 },
    ]
    for (let time = 0; time < 2; time++) {
      idOf(
        (
          await module('BTEC_Grades').write([{ id, fields: { Learning_Outcomes_Assessm: changed } }], none)
        )[0],
      )
      expect(await codes()).to.deep.equal(['P1', 'M2', 'D1'])
      expect((await there()).slice(0, 2).map(row => row['id'])).to.deep.equal(firstIds)
      expect((await there())[0]!['LO_Score']).to.equal(2)
    }
    idOf(
      (
        await module('BTEC_Grades').write(
          [{ id, fields: { Learning_Outcomes_Assessm: [changed[2]!] } }],
          none,
        )
      )[0],
    )
    expect(await codes()).to.deep.equal(['D1'])
    idOf((await module('BTEC_Grades').write([{ id, fields: { Learning_Outcomes_Assessm: [] } }], none))[0])
    expect(await codes()).to.deep.equal([])
  })

  it('names the place of a wrong value within the rows', async () => {
    const fields = { Learning_Outcomes_Assessm: [rows[0]!, { ...rows[1]!, LO_Score: 'much' }] }
    const [result] = await module('BTEC_Grades').write([{ fields }], none)
    expect(result!.ok === false && result!.error)
      .to.be.instanceOf(DataError)
      .and.include({ at: 'Learning_Outcomes_Assessm[1].LO_Score' })
  })

  const grade = async (id: string): Promise<Payload> => {
    const result = (await module('BTEC_Grades').read([id], none)).get(id)!
    if (result.state !== 'found') throw new Error(result.state)
    return result.payload
  }
})

describe('the changes that make a subform what it should be', () => {
  const there = [
    { id: '1', Parent_Id: { id: '9' }, LO_Code: 'P1', LO_Score: 1 },
    { id: '2', Parent_Id: { id: '9' }, LO_Code: 'M1', LO_Score: 0 },
  ]
  const table: [string, Payload[], Payload[]][] = [
    [
      'the same rows are named by their ids',
      [{ LO_Code: 'P1' }, { LO_Code: 'M1' }],
      [
        { LO_Code: 'P1', id: '1' },
        { LO_Code: 'M1', id: '2' },
      ],
    ],
    [
      'another order keeps the ids with their rows',
      [{ LO_Code: 'M1' }, { LO_Code: 'P1' }],
      [
        { LO_Code: 'M1', id: '2' },
        { LO_Code: 'P1', id: '1' },
      ],
    ],
    [
      'a new row has no id',
      [{ LO_Code: 'P1' }, { LO_Code: 'M1' }, { LO_Code: 'D1' }],
      [{ LO_Code: 'P1', id: '1' }, { LO_Code: 'M1', id: '2' }, { LO_Code: 'D1' }],
    ],
    [
      'a row that is not wanted is deleted by name',
      [{ LO_Code: 'M1' }],
      [
        { LO_Code: 'M1', id: '2' },
        { id: '1', _delete: null },
      ],
    ],
    [
      'a changed row takes the place of one that is not wanted',
      [{ LO_Code: 'D1' }, { LO_Code: 'M1' }],
      [
        { LO_Code: 'D1', id: '1' },
        { LO_Code: 'M1', id: '2' },
      ],
    ],
    [
      'no rows delete all by name',
      [],
      [
        { id: '1', _delete: null },
        { id: '2', _delete: null },
      ],
    ],
  ]
  for (const [name, wanted, changes] of table)
    it(name, () => {
      expect(rowChanges(there, wanted)).to.deep.equal(changes)
    })
})
