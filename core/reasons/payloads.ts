import type { ReasonDefinition } from '../plugin.ts'

export const payloadCodes: Readonly<Record<string, ReasonDefinition>> = {}
