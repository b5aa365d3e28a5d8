/** Why a record is where it is, in one plain sentence, with who can mend it. Pure. */
import { EVERYTHING, moduleGate } from '../delivery/gate.ts'
import type { CompiledPipeline } from '../pipeline/compiled.ts'
import type { Reason, Reasons } from '../reasons/reasons.ts'
import type { Sentence } from '../reasons/sentences.ts'
import type { GateDocument, RecordDocument, StoredError } from '../store/documents.ts'

export interface Why {
  readonly because: Sentence
  readonly sentence: string
  readonly code?: string
  /** The field that is wrong. */
  readonly field?: string
  /** What was looked at in vain, in order. */
  readonly tried?: readonly string[]
  /** When something happens next by itself. */
  readonly until?: string
  readonly explained?: Reason
}

export interface WhyFacts {
  /** Undefined: nobody has switched it off, nor on. */
  readonly enabled?: boolean
  /** Undefined: no pipeline of that module runs. */
  readonly pipeline: CompiledPipeline | undefined
  /** The gate at which it stands. */
  readonly gate: GateDocument | undefined
}

type Words = Pick<Reasons, 'of' | 'say'>

export function whyOf(
  record: RecordDocument,
  { enabled, pipeline, gate }: WhyFacts,
  words: Words,
  language: string,
): Why {
  const say = (
    because: Sentence,
    values: Record<string, string> = {},
    error?: Pick<StoredError, 'code' | 'at' | 'tried'>,
    until?: string,
  ): Why => {
    const explained = error === undefined ? undefined : words.of(error.code, language)
    return {
      because,
      sentence: words.say(because, language, values),
      ...(error === undefined ? {} : { code: error.code }),
      ...(error?.at === undefined ? {} : { field: error.at }),
      ...(error?.tried === undefined ? {} : { tried: error.tried }),
      ...(until === undefined ? {} : { until }),
      ...(explained === undefined ? {} : { explained }),
    }
  }
  const { lastError: error } = record
  const message = error?.message ?? ''
  const remote = error?.to ?? ''

  if (record.state === 'merged') return say('merged', { into: record.mergedInto ?? '' })
  if (record.state === 'deleted') return say('deleted', { source: deletedBy(record) }, error)
  if (record.state === 'invalid' && error !== undefined)
    return say('invalid', { field: error.at === undefined ? '' : ` (${error.at})`, message }, error)
  if (record.state === 'conflict') return say('conflict', { message }, error)
  if (record.state === 'dead') return say('dead', { remote, message }, error)
  if (enabled === false) return say('switched_off', { module: record.module })
  if (pipeline === undefined) return say('not_running', { module: record.module })
  if (record.gate !== undefined) {
    const at = gate?.remote ?? record.gate.slice(record.gate.indexOf('|') + 1)
    if (gate?.reason === 'paused' && at === EVERYTHING) return say('paused_tenant', {}, gate)
    if (gate?.reason === 'paused' && at === moduleGate(record.module))
      return say('paused_module', { module: record.module }, gate)
    if (gate?.reason === 'paused') return say('paused', { remote: at }, gate)
    const until = gate?.openAt.toISOString() ?? ''
    return say('gated', { remote: at, message: gate?.message ?? '', until }, gate, gate && until)
  }
  if (record.missing.length > 0) {
    // What only somebody in the college can bring is said where nothing else is missing.
    const because = record.missing.every(({ held }) => held === true) ? 'held' : 'waiting'
    return say(because, { what: record.missing.map(({ label }) => label).join(', ') })
  }
  if (record.state === 'retrying') {
    const until = nextTry(record)
    return say('retrying', { remote, message, until }, error, until)
  }
  if (record.dueAt !== undefined) return say('due')
  return atRest(record, pipeline, say)
}

function atRest(
  { pushed }: RecordDocument,
  { flows }: CompiledPipeline,
  say: (because: Sentence, values?: Record<string, string>) => Why,
): Why {
  const targets = [...new Set(flows.flatMap(({ pushes }) => pushes.map(({ to }) => to as string)))]
  if (targets.length === 0) return say('stored')
  const sent = targets.filter(to => pushed[to] !== undefined)
  if (sent.length > 0) return say('sent', { remotes: sent.join(', ') })
  return say('not_sent', { remotes: targets.join(', ') })
}

const deletedBy = ({ sides, source }: RecordDocument): string => Object.keys(sides).join(', ') || source

function nextTry({ outbox, dueAt }: RecordDocument): string {
  const times = Object.values(outbox).flatMap(({ notBefore }) => notBefore?.getTime() ?? [])
  const at = times.length === 0 ? dueAt?.getTime() : Math.min(...times)
  return at === undefined ? '' : new Date(at).toISOString()
}

/** An object that has no record, because what was sent of it was skipped. */
export function whySkipped(reason: string | undefined, words: Words, language: string): Why {
  const because = reason === 'no_role_yet' ? reason : 'skipped'
  return { because, sentence: words.say(because, language, { reason: reason ?? '' }) }
}
