/** What `compile` makes of the pipeline files: flat functions, read by the delivery and by dry runs. */
import type { Finding } from '../errors.ts'
import type {
  Ending,
  Fields,
  Payload,
  PipelineFile,
  PushPlan,
  Reference,
  ResourceName,
  Run,
  Scale,
  StepFunction,
  Work,
  WriteBackPlan,
} from '../plugin.ts'
import type { MappingFile } from './overlay.ts'
import type { Registry } from './registered.ts'

export interface CompiledFlow {
  readonly name: string
  readonly module: string
  readonly from: ResourceName
  /** The part of `from` before the slash. */
  readonly connector: string
  /** The record's field that holds the sender's id. */
  readonly idField: string
  /** Does the flow's `when` fit this payload? */
  readonly fits: (payload: Payload) => boolean
  /** False: this sender fills only what was never set. */
  readonly overwrite: boolean
  /** The steps up to the first that refers to other records: parse, map, fingerprint. */
  readonly open: (work: Work, run: Run) => Work | Ending
  /** What can be told now of what the record refers to; ask again when some were found. */
  readonly references: (work: Pick<Work, 'merged' | 'fields' | 'found'>) => readonly Reference[]
  /** The steps after that: dependency-check, upsert, push. */
  readonly close: (work: Work, run: Run) => Work | Ending
  /** Every step by itself, in order, for dry runs. */
  readonly steps: readonly { readonly name: string; readonly run: StepFunction }[]
  /** The first of its pushes. */
  readonly push?: PushPlan
  readonly pushes: readonly PushPlan[]
  /** It keeps ids that other records lend, so they are looked at again whenever those change. */
  readonly takes: boolean
}

/** Several records may stand for one remote object; the youngest that fits owns its identity. */
export interface SharedPlan {
  readonly resource: ResourceName
  /** The record's field with that object's id. */
  readonly idField: string
  /** The group as it stands among `keysOf`; undefined where a part is empty. */
  readonly keyOf: (fields: Fields) => string | undefined
  /** Does the record want the object to be (is the enrolment active)? */
  readonly fits: (fields: Fields) => boolean
  /** Compared as text, the greatest is the youngest. */
  readonly age: (fields: Fields) => string
}

export interface CompiledPipeline {
  readonly module: string
  /** As it runs: the college's mapping applied. */
  readonly file: PipelineFile
  /** As the file says. */
  readonly plain: PipelineFile
  readonly mapping?: MappingFile
  /** Which pipeline and mapping version this is, as every event shows it: `1`, `1+al-noor.3`. */
  readonly config: string
  /** So long a record may fail before it is dead, in milliseconds; time at a gate or waiting does not count. */
  readonly retryMs: number
  readonly flows: readonly CompiledFlow[]
  /** Resource -> the field with its id. */
  readonly identity: ReadonlyMap<ResourceName, string>
  /** `zoho/BTEC_Students:123` for every identity that is set. */
  readonly identitiesOf: (fields: Fields) => readonly string[]
  /** `=username:ali` for every unique field that is set (lower-cased, NFC). */
  readonly uniqueOf: (fields: Fields) => readonly string[]
  /** `student|moodleUserId=42` for every key under which others may refer to this record. */
  readonly keysOf: (fields: Fields) => readonly string[]
  readonly shared: readonly SharedPlan[]
  /** Fields that other pipelines take from this one. */
  readonly lent: ReadonlySet<string>
  /** Other records refer to those of this module: whoever waits for one is woken when it appears. */
  readonly referred: boolean
  readonly pushTo: (resource: ResourceName) => PushPlan | undefined
  /** The flow whose push goes there; a flow may have several pushes. */
  readonly flowTo: (resource: ResourceName) => CompiledFlow | undefined
  /** What all pushes write back there, united. */
  readonly writeBackTo: (resource: ResourceName) => WriteBackPlan | undefined
}

export interface PipelineSet {
  readonly modules: ReadonlyMap<string, CompiledPipeline>
  /** By route name, plural or API name, in any case: `Students`, `BTEC_Students` -> `student`. */
  readonly moduleOf: (name: string) => string | undefined
  /** The resource of `connector` that a route's name stands for, without the connector: `students` -> `BTEC_Students`. */
  readonly resourceOf: (connector: string, name: string) => string | undefined
  /** The flow for an event; `module` where its identity is known already. */
  readonly choose: (
    resource: ResourceName,
    payload: Payload | undefined,
    module?: string,
  ) =>
    | { readonly pipeline: CompiledPipeline; readonly flow: CompiledFlow }
    | { readonly skip: string }
    | undefined
  /** Those that this college has, by name. */
  readonly scales: ReadonlyMap<string, Scale>
  /** So long a read from there may fail, in milliseconds: the longest of those who take from it. */
  readonly retryMs: (resource: ResourceName) => number
  readonly findings: readonly Finding[]
  /** Its connectors have the resources that the configuration describes besides. */
  readonly registry: Registry
}
