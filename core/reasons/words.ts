import type { ReasonDefinition } from '../plugin.ts'

/** Cause and next step in English, then in Arabic. */
export const words = (
  who: ReasonDefinition['who'],
  en: readonly [cause: string, next: string],
  ar: readonly [cause: string, next: string],
): ReasonDefinition => ({ who, en: { cause: en[0], next: en[1] }, ar: { cause: ar[0], next: ar[1] } })

export type Codes = Readonly<Record<string, ReasonDefinition>>
