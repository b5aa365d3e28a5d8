/** How an alert leaves: one signed webhook, and a program that takes a mail on its input. */
import { spawn } from 'node:child_process'
import { standardWebhooksHeaders } from '../http/verifiers/standard-webhooks.ts'
import type { HttpClient } from '../plugin.ts'
import type { Settings } from '../settings.ts'
import type { Episode } from './episodes.ts'
import { mailOf, sentenceOf } from './words.ts'

const LIMIT_MS = 20_000
/** The program gets nothing of our environment, which holds secrets. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }

export interface Message {
  /** The same for every attempt of one message, so that a receiver can tell a repeat. */
  readonly id: string
  readonly episode: Episode
  readonly language: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export interface Way {
  readonly name: string
  /** Raises where it was not taken. */
  send(message: Message): Promise<void>
  close(): void
}

/** `client`: for the webhook's origin. */
export function waysOf(
  settings: Settings['alerts'],
  client: (baseUrl: string) => HttpClient,
): readonly Way[] {
  const { webhookUrl, webhookSecret, mailCommand, mailTo, mailFrom } = settings
  return [
    ...(webhookUrl === undefined || webhookSecret === undefined
      ? []
      : [webhook(webhookUrl, webhookSecret, client)]),
    ...(mailCommand === undefined || mailTo === undefined ? [] : [mail(mailCommand, mailFrom, mailTo)]),
  ]
}

function webhook(url: string, secret: string, clientOf: (baseUrl: string) => HttpClient): Way {
  const { origin, pathname, searchParams } = new URL(url)
  const client = clientOf(origin)
  return {
    name: 'webhook',
    async send({ id, episode, language, at }) {
      const { kind, ...facts } = episode
      const json = {
        type: `alert.${kind}`,
        timestamp: new Date(at).toISOString(),
        data: { ...facts, message: sentenceOf(episode, language) },
      }
      // What is signed is what the client sends: it writes `json` the same way.
      const body = Buffer.from(JSON.stringify(json))
      const answer = await client.request({
        method: 'POST',
        path: pathname,
        query: Object.fromEntries(searchParams),
        headers: standardWebhooksHeaders(secret, { id, now: at, body }),
        json,
        timeoutMs: LIMIT_MS,
      })
      if (answer.status < 200 || answer.status > 299) throw new Error(`the webhook answered ${answer.status}`)
    },
    close: () => client.close(),
  }
}

function mail([program = '', ...args]: readonly string[], from: string, to: string): Way {
  return {
    name: 'mail',
    send({ id, episode, language, at }) {
      return new Promise((resolve, reject) => {
        const child = spawn(program, args, {
          stdio: ['pipe', 'ignore', 'ignore'],
          env: ENVIRONMENT,
          timeout: LIMIT_MS,
          killSignal: 'SIGKILL',
        })
        child.once('error', reject)
        child.once('close', (code, signal) =>
          code === 0 ? resolve() : reject(new Error(`the mail command ended with ${code ?? signal}`)),
        )
        // A program that ends early breaks the pipe; its exit code tells whether it minded.
        child.stdin.on('error', () => undefined)
        child.stdin.end(mailOf(episode, language, { from, to, at, id }))
      })
    },
    close: () => undefined,
  }
}
