import type { ReasonDefinition } from '../plugin.ts'

export const installationCodes: Readonly<Record<string, ReasonDefinition>> = {}
