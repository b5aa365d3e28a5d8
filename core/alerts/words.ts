/** An alert as people read it: no name, no address, no value of a record. Pure. */
import type { Episode, Kind } from './episodes.ts'

type Told = (episode: Episode) => string

const EN: Readonly<Record<Kind, Told>> = {
  dead_letters: ({ count = 0 }) =>
    `${count}${count < 100 ? '' : ' or more'} dead letters wait for a person; see \`wasl dead-letters\`.`,
  gate_closed: ({ subject, since, count }) =>
    `Nothing is sent to ${subject} since ${since}; ${count} records wait there.`,
  key_expiring: ({ subject, since }) => `The key ${subject} expires at ${since}; make another in time.`,
  connection_expiring: ({ subject, since }) => `${subject} ends at ${since}; renew it in time.`,
  clock: ({ subject, count }) =>
    `The store's clock, by which Wasl goes, is ${count} seconds ahead of that of ${subject}; signatures that are right are refused. Set it right.`,
  disk_full: ({ count }) => `Only ${count} percent of the disk of the data folder are free; make room.`,
}
const AR: Readonly<Record<Kind, Told>> = {
  dead_letters: ({ count }) =>
    `${count} رسائل متعذرة على الأقل تنتظر من يعالجها؛ راجعها بالأمر wasl dead-letters.`,
  gate_closed: ({ subject, since, count }) =>
    `لا يُرسل شيء إلى ${subject} منذ ${since}؛ عدد السجلات المنتظرة ${count}.`,
  key_expiring: ({ subject, since }) => `تنتهي صلاحية المفتاح ${subject} في ${since}؛ أنشئ بديلًا قبل ذلك.`,
  connection_expiring: ({ subject, since }) => `تنتهي صلاحية ${subject} في ${since}؛ جدّدها قبل ذلك.`,
  clock: ({ subject, count }) =>
    `ساعة المخزن التي يعمل بها النظام متقدمة ${count} ثانية على ساعة ${subject}، فتُرفض توقيعات صحيحة؛ اضبط الساعة.`,
  disk_full: ({ count }) => `لم يبق سوى ${count} بالمئة من قرص مجلد البيانات؛ وفّر مساحة.`,
}

export function sentenceOf(episode: Episode, language: string): string {
  const told = (language === 'ar' ? AR : EN)[episode.kind](episode)
  const { explained } = episode
  return explained === undefined ? told : `${told} ${explained.cause} ${explained.next}`
}

/** A whole mail, RFC 5322; every line that is not ours is ASCII or encoded. `at`: milliseconds since 1970. */
export function mailOf(
  episode: Episode,
  language: string,
  {
    from,
    to,
    at,
    id,
  }: { readonly from: string; readonly to: string; readonly at: number; readonly id: string },
): string {
  const { kind, tenant } = episode
  const text = Buffer.from(`${sentenceOf(episode, language)}\n`).toString('base64')
  return [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: Wasl: ${kind.replace('_', ' ')}${tenant === undefined ? '' : ` (${tenant})`}`,
    `Date: ${new Date(at).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${id}@wasl.invalid>`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    ...(text.match(/.{1,76}/g) ?? []),
    '',
  ].join('\n')
}
