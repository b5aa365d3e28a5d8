import type { ReasonDefinition } from '../plugin.ts'

export const requestCodes: Readonly<Record<string, ReasonDefinition>> = {}
