import type { ReasonDefinition } from '../plugin.ts'

export const deliveryCodes: Readonly<Record<string, ReasonDefinition>> = {}
