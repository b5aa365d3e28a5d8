import { defineConnector } from '../../plugin.ts'
import { connect } from './connection.ts'
import { item } from './item.ts'
import { parse } from './parse.ts'
import { type SampleSettings, settingsSchema } from './settings.ts'

export default defineConnector<SampleSettings>({
  name: 'sample',
  summary: 'Sample, through its API and its webhooks.',
  settings: settingsSchema,
  resources: { item },
  accepts: ['standard-webhooks'],
  collections: { items: { resource: 'item', key: 'items' } },
  parse,
  connect,
  demo: () => import('./sandbox/demo.ts'),
})
