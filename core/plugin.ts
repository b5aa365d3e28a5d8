/**
 * The public door: what a connector, a step and a transform are. The built-in ones use nothing else.
 * Everything works in batches, since a call costs a remote far more than the records in it.
 */
export * from './plugin/connector.ts'
export type * from './plugin/demo.ts'
export type * from './plugin/files.ts'
export type * from './plugin/http.ts'
export type * from './plugin/intake.ts'
export type * from './plugin/push.ts'
export type * from './plugin/record.ts'
export type * from './plugin/remote.ts'
export * from './plugin/step.ts'
export type * from './plugin/tools.ts'
export * from './plugin/transform.ts'
export type * from './plugin/values.ts'
export type * from './plugin/work.ts'
