/** Every command of the program, loaded only when it is run. */
import type { Command, RunCommand } from './command.ts'
import type { PipelineContext } from './pipeline-context.ts'

/** The commands about pipelines know the plugins, and nothing of a store. */
const withRegistry = async (
  load: () => Promise<(context: PipelineContext, args: readonly string[]) => Promise<number>>,
): Promise<RunCommand> => {
  const [command, { createRegistry }] = await Promise.all([load(), import('../registry.ts')])
  return ({ connectors, ...context }, args) =>
    command({ ...context, registry: createRegistry({ connectors }) }, args)
}

const OPERATE =
  '  --tenant  which college; default: the default tenant\n  --json    for tools\n  --lang    en or ar\n  Needs no running engine.\n'

export const COMMANDS: Readonly<Record<string, Command>> = {
  start: {
    usage: '[--role all|http|worker]',
    summary: 'Runs the engine; with nothing configured, the demo.',
    details: '  --role   http takes deliveries in, worker applies and sends them, all does both (default)\n',
    load: async () => (await import('./start.ts')).start,
  },
  check: {
    usage: '[--tenant <id>] [--json] [--watch]',
    summary: 'Checks pipelines, mappings and configuration, and tells every finding at once.',
    details:
      '  --tenant  one college only; without it the mappings of all\n  --watch   again whenever a file changes\n  Ends with 0 when nothing is wrong, with 1 otherwise.\n',
    load: () => withRegistry(async () => (await import('./check.ts')).check),
  },
  'dry-run': {
    usage: '<module> <file> [--flow <name>] [--stored <file>] [--tenant <id>] [--timezone <zone>] [--json]',
    summary: 'Tells what would happen to the records of a file; writes and sends nothing.',
    details:
      '  --flow      the flow, where the module has several (as the file names it)\n  --stored    records that are taken to be there: { "<module>": [ { fields } ] }\n  --timezone  for dates in unix seconds; default UTC\n  Ends with 1 when a record is INVALID.\n',
    load: () => withRegistry(async () => (await import('./dry-run.ts')).dryRun),
  },
  test: {
    usage: '[<case file or folder> ...] [--tenant <id>] [--json]',
    summary: 'Runs case files; where one fails, shows what was expected and what came.',
    details: '  Without names: all *.cases.json beside the pipelines and in test/pipelines.\n',
    load: () => withRegistry(async () => (await import('./test.ts')).test),
  },
  import: {
    usage:
      '<module> <file> [--connector <name>] [--tenant <id>] [--format json|ndjson|csv] [--again] [--json]',
    summary: 'Brings the records of a file in, with or without a running engine.',
    details:
      '  JSON (a list, or { "data": [...] }), NDJSON, or CSV whose first line names the sender\'s fields.\n  --connector  in whose shape the records are, where the module has several senders\n  --again      also what an earlier run of the same file brought\n  Run it again after an interruption: it goes on where it was.\n  Ends with 1 when a record is INVALID or FAILED.\n',
    load: async () => (await import('./import.ts')).importFile,
  },
  new: {
    usage: 'module <name> [--from <connector>/<resource>] [--tenant <id>] | connector <name>',
    summary: 'Writes a module or a connector that works as it stands, to be made your own.',
    details:
      '  Into WASL_HOME where it is set, else into the clone. A module is a pipeline, a mapping and cases;\n  a connector has a sandbox and a contract test.\n',
    load: async () => (await import('./new.ts')).create,
  },
  accounting: {
    usage: '[--from <time>] [--to <time>]',
    summary: 'Proves that everything accepted is somewhere: counts by module and outcome that add up.',
    details: `${OPERATE}  Without times: the last 24 hours. Ends with 1 when something is lost.\n`,
    load: async () => (await import('./operate/accounting.ts')).accounting,
  },
  events: {
    usage:
      '[list] [--state <state>] [--module <name>] [--record <id>] | show <event> | replay <event> | replay-window --from <time> --to <time> [--module <name>]',
    summary: 'What came in, and what became of it.',
    details: OPERATE,
    load: async () => (await import('./operate/events.ts')).events,
  },
  records: {
    usage: 'list <module> [--q <id or name>] [--state <state>] | show <module> <id>',
    summary: 'Where a record stands, and why.',
    details: OPERATE,
    load: async () => (await import('./operate/records.ts')).records,
  },
  retries: {
    usage:
      '[list] | show <id> | retry --id <id> | retry --all | discard --id <id> --reason <why>  [--module --code --state --because --age]',
    summary: 'What failed and is tried again.',
    details: OPERATE,
    load: async () => (await import('./operate/letters.ts')).retries,
  },
  'dead-letters': {
    usage:
      '[list] | show <id> | retry --id <id> | retry --all | discard --id <id> --reason <why>  [--module --code --state --because --age]',
    summary: 'What is not tried again by itself.',
    details: OPERATE,
    load: async () => (await import('./operate/letters.ts')).deadLetters,
  },
  jobs: {
    usage: '[list] | show <job> | cancel <job>',
    summary: 'What was ordered over many records or events, and how far it is.',
    details: OPERATE,
    load: async () => (await import('./operate/jobs.ts')).jobs,
  },
  gates: {
    usage: '[list] | pause <remote> --reason <why> | resume <remote>',
    summary: 'Remotes to which nothing is sent now.',
    details: OPERATE,
    load: async () => (await import('./operate/administration.ts')).gates,
  },
  mappings: {
    usage:
      '[list] | show <module> | preview <module> <file> | edit <module> --reason <why> | save <module> <file> --reason <why> | versions <module> | compare <module> <version> [<version>] | rollback <module> <version> --reason <why>',
    summary: 'Where a college has its own field names: seen, tried on real events, saved, rolled back.',
    details: `${OPERATE}  edit opens $VISUAL or $EDITOR, shows what would differ, and saves.\n  preview, edit and save end with 1 when the mapping has findings.\n`,
    load: async () => (await import('./operate/mappings.ts')).mappings,
  },
  modules: {
    usage:
      '[list] | on <module> | off <module> | pause <module> --reason <why> | resume <module> | interval <module> <seconds> | sync [<module>] [--full] | history [<module>] | retry <sweep> | cancel <sweep>',
    summary:
      'The modules that run, where their records stand, and the sweeps that compare them with the remotes.',
    details: `${OPERATE}  sync needs a running engine, which takes it up within 20 s.\n`,
    load: async () => (await import('./operate/modules.ts')).modules,
  },
  tenants: {
    usage:
      '[list] | create <id> --name <name> | endpoint <connector> --verifier <name> [--switch <option>] | rotate <endpoint> [--hours <overlap>] | remove <endpoint> | pause --reason <why> | resume',
    summary: 'The colleges, with their endpoints; one made, paused and resumed.',
    details: OPERATE,
    load: async () => (await import('./operate/administration.ts')).tenants,
  },
  keys: {
    usage:
      '[list] | create --scope read|operate|configure|admin [--days <n>] | rotate <key> [--hours <overlap>] | revoke <key>',
    summary: 'The keys of people and tools.',
    details: OPERATE,
    load: async () => (await import('./operate/administration.ts')).keys,
  },
  audit: {
    usage: '[list] [--after <number>] | verify [--head <seal>]',
    summary: 'What people changed, and whether the log of it is as it was written.',
    details: `${OPERATE}  verify ends with 1 when a row is not as it was written.\n`,
    load: async () => (await import('./operate/administration.ts')).audit,
  },
  doctor: {
    usage: '[--json]',
    summary: 'Asks everything that Wasl depends on, and says what is wrong and what to do.',
    details: '  Ends with 1 when something needs mending.\n',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  docs: {
    usage: '[<file.md>] [--schemas] [--tenant <id>]',
    summary: 'Writes the reference of modules, fields and flows.',
    details: '  --schemas  writes the JSON Schemas for editors instead\n',
    load: () => withRegistry(async () => (await import('./docs.ts')).docs),
  },
}
