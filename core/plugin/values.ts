/** What goes between plugins and the engine: JSON, and how resources and their versions are named. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** A JSON object as a remote or a sender gives it. Ids and numbers beyond 2^53 are strings. */
export type Payload = { [key: string]: Json }

/** A JSON Schema (draft 2020-12 as ajv reads it); `secret: true` on a property keeps it out of logs and answers. */
export type JsonSchema = { [key: string]: unknown }

/** `connector/resource`, such as `zoho/BTEC_Students`. */
export type ResourceName = `${string}/${string}`

/** Compared element by element; a missing element is the smallest. `[]` says nothing about order. */
export type Version = readonly number[]
