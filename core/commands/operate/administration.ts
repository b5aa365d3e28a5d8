/** `wasl keys`, `wasl tenants`, `wasl gates` and `wasl audit`. */
import { DataError } from '../../errors.ts'
import { SCOPES } from '../../http/ports.ts'
import { addEndpoint, removeEndpoint } from '../../operations/endpoints.ts'
import { listGates, resume } from '../../operations/gates.ts'
import { createKey, listKeys, OVERLAP_HOURS, revokeKey, rotateKey } from '../../operations/keys.ts'
import { createTenant, isZone, ORGANISATION_ID, rotateSecret, TENANT_ID } from '../../operations/tenants.ts'
import { tenantMaking } from '../../tenant-making.ts'
import type { RunCommand } from '../command.ts'
import { UsageError } from '../pipeline-context.ts'
import { pauseNow, told } from './outcome.ts'
import { missing, type Terminal, withSubcommands } from './terminal.ts'

const making = ({ secrets, context }: Terminal) => tenantMaking(secrets, context.connectors)

export const keys: RunCommand = withSubcommands('keys', {
  list: {
    usage: '',
    async run({ desk, list }) {
      list({ items: await listKeys(desk) }, ['KEY', 'SCOPES', 'CREATED', 'EXPIRES'], key => [
        key.id,
        key.scopes.join(', '),
        key.createdAt,
        key.expiresAt ?? 'never',
      ])
      return 0
    },
  },
  create: {
    usage: '--scope read|operate|configure|admin [--days <n>]',
    options: { scope: { type: 'string', multiple: true }, days: { type: 'string' } },
    async run(terminal) {
      const { desk, values, show } = terminal
      const scopes = scopesOf(values['scope'] as unknown as readonly string[] | undefined)
      const days = daysOf(values['days'] as string | undefined)
      const made = await createKey(desk, making(terminal).keys, scopes, days)
      show(made, () => [made.key, 'This key is shown once: only a hash of it is kept.'])
      return 0
    },
  },
  rotate: {
    usage: '<key> [--hours <overlap>]',
    names: 1,
    options: { hours: { type: 'string' } },
    async run(terminal) {
      const { desk, names, show } = terminal
      const id = names[0] as string
      const made = await rotateKey(desk, making(terminal).keys, id, hoursOf(terminal))
      if (made === undefined) throw missing('key', id)
      show(made, () => [made.key, `This key is shown once; ${id} counts until ${made.oldUntil}.`])
      return 0
    },
  },
  revoke: {
    usage: '<key>',
    names: 1,
    async run({ desk, names, show }) {
      const id = names[0] as string
      if (!(await revokeKey(desk, id))) throw missing('key', id)
      show({ id, status: 'revoked' }, () => [`Revoked: running engines refuse ${id} within 5 s.`])
      return 0
    },
  },
})

function scopesOf(given: readonly string[] | undefined): readonly string[] {
  if (given === undefined || given.length === 0)
    throw new UsageError(`--scope is one of ${SCOPES.join(', ')}.`)
  const wrong = given.find(scope => !SCOPES.some(each => each === scope))
  if (wrong !== undefined)
    throw new UsageError(`There is no scope "${wrong}"; there are ${SCOPES.join(', ')}.`)
  return given
}

function daysOf(days: string | undefined): number | undefined {
  if (days === undefined) return undefined
  if (!/^[1-9]\d{0,3}$/.test(days)) throw new UsageError('--days is a number from 1 to 9999.')
  return Number(days)
}

/** How long the old one counts beside the new one. */
function hoursOf({ values }: Terminal): number {
  const hours = (values['hours'] as string | undefined) ?? String(OVERLAP_HOURS)
  if (!/^\d{1,3}$/.test(hours) || Number(hours) > 720)
    throw new UsageError('--hours is a number from 0 to 720.')
  return Number(hours)
}

/** The installation's own college makes others. Raises UsageError, DataError. */
async function makeTenant(terminal: Terminal): Promise<number> {
  const { desk, names, values, show, context } = terminal
  if (desk.tenant.id !== context.settings.defaultTenant)
    throw new UsageError('Colleges are made in the name of the installation: leave --tenant out.')
  const given = tenantIn(names[0] as string, values, context.connectors)
  const made = await createTenant(desk, making(terminal), given)
  if (made === undefined)
    throw new DataError('TENANT_EXISTS', `There is a college "${given.id}" already.`, { at: 'id' })
  show({ ...made.tenant, key: made.key, endpoints: made.endpoints }, () => [
    `${given.id} is made; what follows is shown once.`,
    `key: ${made.key.key}`,
    ...made.endpoints.map(
      ({ id, connector, verifier, secret }) => `${connector} ${verifier} ${id}: ${secret}`,
    ),
  ])
  return 0
}

function tenantIn(id: string, values: Terminal['values'], connectors: readonly { name: string }[]) {
  const text = (name: string) => (values[name] as string | undefined)?.trim()
  const called = text('name') ?? ''
  const [timezone, language] = [text('timezone') ?? 'UTC', text('language') ?? 'en']
  if (!TENANT_ID.test(id))
    throw new UsageError('The id has 2 to 63 small letters, digits and hyphens, and begins with no hyphen.')
  if (called === '' || called.length > 120)
    throw new UsageError('--name is how people call it, 120 characters at most.')
  if (!isZone(timezone)) throw new UsageError(`"${timezone}" is no time zone: Asia/Amman, for example.`)
  if (language !== 'en' && language !== 'ar') throw new UsageError('--language is en or ar.')
  const organisations = Object.fromEntries(
    ((values['org'] as unknown as readonly string[] | undefined) ?? []).map(given => {
      const [connector = '', organisation = ''] = given.split('=')
      if (connectors.some(each => each.name === connector) && ORGANISATION_ID.test(organisation))
        return [connector, organisation]
      throw new UsageError(
        `--org is <connector>=<id>; connectors are ${connectors.map(each => each.name).join(', ')}.`,
      )
    }),
  )
  return { id, name: called, timezone, language, organisations }
}

export const tenants: RunCommand = withSubcommands('tenants', {
  create: {
    usage: '<id> --name <name> [--timezone <zone>] [--language en|ar] [--org <connector>=<id> ...]',
    names: 1,
    options: {
      name: { type: 'string' },
      timezone: { type: 'string' },
      language: { type: 'string' },
      org: { type: 'string', multiple: true },
    },
    run: makeTenant,
  },
  list: {
    usage: '',
    async run({ desk, list }) {
      const items = (await desk.store.tenants.all()).map(tenant => ({
        id: tenant._id,
        name: tenant.name,
        timezone: tenant.timezone,
        language: tenant.language,
        endpoints: tenant.endpoints.map(({ id, connector, verifier }) => ({ id, connector, verifier })),
        createdAt: tenant.createdAt.toISOString(),
      }))
      list({ items }, ['TENANT', 'NAME', 'TIME ZONE', 'LANGUAGE', 'ENDPOINTS'], tenant => [
        tenant.id,
        tenant.name,
        tenant.timezone,
        tenant.language,
        tenant.endpoints.map(({ id, connector, verifier }) => `${connector} ${verifier} ${id}`).join(', '),
      ])
      return 0
    },
  },
  endpoint: {
    usage: '<connector> --verifier <name> [--switch <option> ...]',
    names: 1,
    options: { verifier: { type: 'string' }, switch: { type: 'string', multiple: true } },
    async run(terminal) {
      const { desk, names, values, show } = terminal
      const made = await addEndpoint(desk, making(terminal), {
        connector: names[0] as string,
        verifier: (values['verifier'] as string | undefined) ?? '',
        switches: (values['switch'] as unknown as readonly string[] | undefined) ?? [],
      })
      if (made === 'full')
        throw new DataError('ENDPOINTS_FULL', 'There are as many endpoints as there may be.', {
          hint: 'Take one away that nobody uses: `wasl tenants remove <endpoint>`.',
        })
      if (!('secret' in made)) throw new UsageError(made.map(({ message }) => message).join('\n'))
      show(made, () => [
        `${made.id}: ${made.secret}`,
        'This secret is shown once; engines know it within 5 s.',
      ])
      return 0
    },
  },
  remove: {
    usage: '<endpoint>',
    names: 1,
    async run({ desk, names, show }) {
      const id = names[0] as string
      if (!(await removeEndpoint(desk, id))) throw missing('endpoint', id)
      show({ id, status: 'removed' }, () => [`Removed: running engines refuse what ${id} signs within 5 s.`])
      return 0
    },
  },
  pause: {
    usage: '--reason <why>',
    options: { reason: { type: 'string' } },
    run: terminal => {
      const tenant = terminal.desk.tenant.id
      const sentence = `Nothing of ${tenant} is sent any more; what comes in is stored and waits.`
      return pauseNow(terminal, { what: 'tenant' }, { tenant }, sentence)
    },
  },
  resume: {
    usage: '',
    async run(terminal) {
      const { desk, show } = terminal
      return told(await resume(desk, { what: 'tenant' }), 'pause of', desk.tenant.id, show)
    },
  },
  rotate: {
    usage: '<endpoint> [--hours <overlap>]',
    names: 1,
    options: { hours: { type: 'string' } },
    async run(terminal) {
      const { desk, names, show } = terminal
      const id = names[0] as string
      const made = await rotateSecret(desk, making(terminal), id, hoursOf(terminal))
      if (made === undefined) throw missing('endpoint', id)
      if (made === 'changed')
        throw new DataError('NOT_NOW', 'Somebody else has just rotated it.', { hint: 'Look at it again.' })
      show(made, () => [made.secret, `This secret is shown once; the old one counts until ${made.oldUntil}.`])
      return 0
    },
  },
})

export const gates: RunCommand = withSubcommands('gates', {
  list: {
    usage: '',
    async run({ desk, list }) {
      const items = await listGates(desk)
      list({ items }, ['REMOTE', 'REASON', 'CLOSED', 'TRIED AGAIN', 'RECORDS', 'WHY'], gate => [
        gate.remote,
        gate.opening ? 'opening' : gate.reason,
        gate.closedAt,
        gate.openAt ?? 'when resumed',
        String(gate.records),
        gate.message,
      ])
      return 0
    },
  },
  pause: {
    usage: '<connector>[/<resource>] --reason <why>',
    names: 1,
    options: { reason: { type: 'string' } },
    run: terminal => {
      const remote = remoteOf(terminal)
      return pauseNow(terminal, { what: 'remote', remote }, { remote }, `Nothing more is sent to ${remote}.`)
    },
  },
  resume: {
    usage: '<connector>[/<resource>]',
    names: 1,
    async run(terminal) {
      const remote = remoteOf(terminal)
      return told(await resume(terminal.desk, { what: 'remote', remote }), 'gate', remote, terminal.show)
    },
  },
})

function remoteOf({ names, context }: Terminal): string {
  const remote = names[0] as string
  const [connector] = remote.split('/')
  const known = context.connectors.map(({ name }) => name)
  if (!known.includes(connector ?? '') || !/^[\w-]+(\/[\w-]+)?$/.test(remote))
    throw new UsageError(
      `There is no remote "${remote}"; there are ${known.join(', ')}, each with /<resource>.`,
    )
  return remote
}

export const audit: RunCommand = withSubcommands('audit', {
  list: {
    usage: '[--after <number>]',
    options: { after: { type: 'string' } },
    async run({ desk, values, list }) {
      const after = Number(values['after'] ?? 0)
      if (!Number.isInteger(after) || after < 0) throw new UsageError('--after is the number of a row.')
      const rows = await desk.audit.page(desk.tenant.id, after, 100)
      const items = rows.map(({ number, at, by, action, target, details }) => ({
        number,
        at: at.toISOString(),
        by,
        action,
        target,
        details,
      }))
      list({ items }, ['ROW', 'AT', 'BY', 'ACTION', 'TARGET', 'DETAILS'], row => [
        String(row.number),
        row.at,
        row.by,
        row.action,
        row.target,
        JSON.stringify(row.details),
      ])
      return 0
    },
  },
  verify: {
    usage: '[--head <seal>]',
    options: { head: { type: 'string' } },
    async run({ desk, values, show }) {
      const verdict = await desk.audit.verify(desk.tenant.id, values['head'] as string | undefined)
      show(verdict, () =>
        verdict.broken === undefined
          ? [
              `All ${verdict.rows} rows are as they were written.`,
              `Head: ${verdict.head}`,
              'Keep the head elsewhere and pass it on with --head: so it is seen when rows are cut off the end.',
            ]
          : [`Row ${verdict.broken.number} is not as it was written: ${verdict.broken.why}.`],
      )
      return verdict.ok ? 0 : 1
    },
  },
})
