import { WaslError } from '../../core/errors.ts'
import type { Check } from '../../core/plugin.ts'
import type { ZohoModule } from './btec.ts'
import { rowsIn, type ZohoClient } from './client.ts'
import type { Metadata } from './metadata.ts'

/** A check that tells an error of ours as its result; anything else is a defect and goes on. */
const told = async (name: string, work: () => Promise<Check | undefined>): Promise<Check> => {
  try {
    return (await work()) ?? { name, ok: true, message: 'in order' }
  } catch (error) {
    if (!(error instanceof WaslError)) throw error
    return { name, ok: false, message: error.message, hint: error.hint ?? 'try again later' }
  }
}

/** What one module lacks: fields that the connection needs, and keys that Zoho does not keep unique. */
const fieldsCheck = (metadata: Metadata, module: string, expected: ZohoModule): Promise<Check> =>
  told(`zoho ${module}`, async () => {
    const there = await metadata.fields(module)
    const needed = Object.entries(expected.fields).filter(([, field]) => field.needed === true)
    const missing = needed.map(([name]) => name).filter(name => !there.has(name))
    if (missing.length > 0)
      return {
        name: `zoho ${module}`,
        ok: false,
        message: `fields are missing: ${missing.join(', ')}`,
        hint: "make them in Zoho (Setup > Modules and Fields), or give this college's names for them in its mapping",
      }
    const doubled = needed
      .filter(([name, field]) => field.unique === true && there.get(name)?.unique !== true)
      .map(([name]) => name)
    if (doubled.length > 0)
      return {
        name: `zoho ${module}`,
        ok: false,
        message: `Zoho allows duplicates in ${doubled.join(', ')}: a creation whose answer is lost may be doubled`,
        hint: 'tick "Do not allow duplicate values" in the properties of these fields',
      }
    return { name: `zoho ${module}`, ok: true, message: `${there.size} fields` }
  })

/** What `doctor` says: the token, its scopes, the modules and their fields. */
export const check = async (
  client: ZohoClient,
  metadata: Metadata,
  modules: Readonly<Record<string, ZohoModule>>,
  signal: AbortSignal,
): Promise<readonly Check[]> => {
  const token = await told('zoho token', async () => {
    const { apiDomain } = await client.tokens.current()
    const path = '/settings/modules'
    const answer = await client.call({ method: 'GET', path, signal })
    const names = new Set(rowsIn(answer, 'modules').map(module => module['api_name']))
    const missing = Object.keys(modules).filter(name => !names.has(name))
    return missing.length === 0
      ? { name: 'zoho token', ok: true, message: `accepted by ${apiDomain}` }
      : {
          name: 'zoho modules',
          ok: false,
          message: `modules are missing or hidden from the user: ${missing.join(', ')}`,
          hint: 'make them in Zoho, or give the user access to them; their API names must be as written here',
        }
  })
  if (!token.ok && token.name === 'zoho token') return [token]
  const fields = await Promise.all(
    Object.entries(modules).map(([name, module]) => fieldsCheck(metadata, name, module)),
  )
  const coql = await told('zoho coql', async () => {
    const json = { select_query: `select id from ${Object.keys(modules)[0]} where id is not null limit 0, 1` }
    await client.call({ method: 'POST', path: '/coql', json, writes: false, signal })
    return undefined
  })
  return [token, ...fields, coql]
}
