/** What error codes and states of records mean to people: the cause, who can mend it, and what to do next. */
import type { ConnectorDefinition, ReasonDefinition } from '../plugin.ts'
import { deliveryCodes } from './delivery.ts'
import { installationCodes } from './installation.ts'
import { payloadCodes } from './payloads.ts'
import { requestCodes } from './requests.ts'
import { SENTENCES, type Sentence, WHO_IS_WHO } from './sentences.ts'

export type Who = ReasonDefinition['who']

/** One language's words for a code. */
export interface Reason {
  readonly cause: string
  readonly who: Who
  readonly next: string
}

export interface Reasons {
  /** Undefined: nobody has described this code. */
  of(code: string, language: string): Reason | undefined
  /** A sentence with its values filled in. */
  say(sentence: Sentence, language: string, values?: Readonly<Record<string, string>>): string
  /** What the register is told of an error: in English its own message, else cause, next step and field. */
  message(error: { code: string; message: string; at?: string }, language: string): string
  /** `the register's office` */
  whoIs(who: Who, language: string): string
}

export const LANGUAGES = ['en', 'ar'] as const

const languageOf = (language: string): (typeof LANGUAGES)[number] => (language === 'ar' ? 'ar' : 'en')

/** Those that core itself raises. */
export const CORE_CODES: Readonly<Record<string, ReasonDefinition>> = {
  ...payloadCodes,
  ...deliveryCodes,
  ...requestCodes,
  ...installationCodes,
}

/** Connectors bring the words for their own codes. */
export function createReasons(connectors: readonly Pick<ConnectorDefinition, 'reasons'>[]): Reasons {
  const all = new Map(
    [CORE_CODES, ...connectors.map(({ reasons }) => reasons ?? {})].flatMap(codes => Object.entries(codes)),
  )
  const of: Reasons['of'] = (code, language) => {
    const told = all.get(code)
    return told === undefined ? undefined : { who: told.who, ...told[languageOf(language)] }
  }
  return {
    of,
    message({ code, message, at }, language) {
      const told = languageOf(language) === 'en' ? undefined : of(code, language)
      if (told === undefined) return message
      return `${told.cause} ${told.next}${at === undefined ? '' : ` (${at})`}`
    },
    say(sentence, language, values = {}) {
      const text = SENTENCES[sentence][languageOf(language)]
      return text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
    },
    whoIs: (who, language) => WHO_IS_WHO[who][languageOf(language)],
  }
}
