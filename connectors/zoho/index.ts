import { type ConnectorDefinition, defineConnector } from '../../core/plugin.ts'
import { btec, type ZohoModule } from './btec.ts'
import { connectZoho } from './connection.ts'
import { extended, moduleSchema } from './described.ts'
import { parseWith } from './parse.ts'
import { reasons } from './reasons.ts'
import { resourceOf } from './resources.ts'
import { settingsSchema, type ZohoSettings } from './settings.ts'
import { zohoSignature, zohoToken } from './verify.ts'

export type { ZohoField, ZohoModule } from './btec.ts'
export { btec } from './btec.ts'
export type { ZohoSettings } from './settings.ts'
export { channelToken, signatureHeaders } from './verify.ts'

/** A connector for these modules of Zoho CRM, and for those that a college describes in config/connectors/zoho.json. */
export const zohoConnector = (
  modules: Readonly<Record<string, ZohoModule>>,
): ConnectorDefinition<ZohoSettings> => {
  const names = new Map<string, string>()
  for (const [name, { aliases }] of Object.entries(modules))
    for (const alias of [name, ...aliases]) names.set(alias.toLowerCase(), name)
  return defineConnector<ZohoSettings>({
    name: 'zoho',
    summary: 'Zoho CRM, through its API of version 8, its workflows and its notifications.',
    settings: settingsSchema,
    resources: Object.fromEntries(
      Object.entries(modules).map(([name, module]) => [name, resourceOf(module)]),
    ),
    verifiers: [zohoSignature, zohoToken],
    accepts: ['zoho-signature', 'zoho-token'],
    extend: {
      schema: moduleSchema,
      with: described => zohoConnector(extended(modules, described)),
    },
    parse: parseWith(name => names.get(name.toLowerCase())),
    connect: (settings, tools) => connectZoho(modules, settings, tools),
    reasons,
    demo: () => import('./sandbox/demo.ts'),
  })
}

export default zohoConnector(btec)
