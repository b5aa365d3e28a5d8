/** Why a record is where it is, in one sentence. `{name}`: where a value goes. */
import type { ReasonDefinition } from '../plugin.ts'

interface Words {
  readonly en: string
  readonly ar: string
}

export type Sentence =
  | 'waiting'
  | 'held'
  | 'invalid'
  | 'gated'
  | 'paused'
  | 'paused_module'
  | 'paused_tenant'
  | 'retrying'
  | 'dead'
  | 'conflict'
  | 'switched_off'
  | 'not_running'
  | 'no_role_yet'
  | 'skipped'
  | 'merged'
  | 'deleted'
  | 'due'
  | 'sent'
  | 'stored'
  | 'not_sent'

export const SENTENCES: Readonly<Record<Sentence, Words>> = {
  waiting: {
    en: 'It waits for {what}, and goes on by itself as soon as that arrives.',
    ar: 'ينتظر {what}، ويُستكمل تلقائيًا فور وصوله.',
  },
  held: {
    en: 'It is held back until {what}, as this college wants it; the event that brings it sends it on.',
    ar: 'محجوز بحسب إعداد الكلية حتى يتم {what}، ويُرسل فور وصول ذلك.',
  },
  invalid: {
    en: 'What was sent of it is not valid{field}: {message}',
    ar: 'البيانات المرسلة عنه غير صالحة{field}: {message}',
  },
  gated: {
    en: 'It stands at the gate of {remote}, which is closed ({message}); it is tried again after {until}.',
    ar: 'متوقف عند بوابة {remote} لأنها مغلقة ({message})، وتعاد المحاولة بعد {until}.',
  },
  paused: {
    en: 'It stands at the gate of {remote}, which a person has paused; it goes on when it is resumed.',
    ar: 'متوقف عند بوابة {remote} التي أوقفها أحد المشغّلين مؤقتًا، ويُستكمل عند استئنافها.',
  },
  paused_module: {
    en: 'A person has paused the module {module}: it is stored, and sent when the module is resumed.',
    ar: 'أوقف أحد المشغّلين الوحدة {module} مؤقتًا: هو محفوظ ويُرسل عند استئنافها.',
  },
  paused_tenant: {
    en: 'A person has paused the whole college: it is stored, and sent when the college is resumed.',
    ar: 'أوقف أحد المشغّلين الكلية كلها مؤقتًا: هو محفوظ ويُرسل عند استئنافها.',
  },
  retrying: {
    en: 'Sending it to {remote} failed and is tried again at {until}: {message}',
    ar: 'فشل إرساله إلى {remote} وستعاد المحاولة في {until}: {message}',
  },
  dead: {
    en: '{remote} does not take it, and it is not tried again by itself: {message}',
    ar: 'رفضه {remote} ولن تعاد المحاولة تلقائيًا: {message}',
  },
  conflict: {
    en: 'A person must decide about it: {message}',
    ar: 'يحتاج إلى قرار من شخص مسؤول: {message}',
  },
  switched_off: {
    en: 'The module {module} is switched off for this college.',
    ar: 'الوحدة {module} متوقفة عن العمل لهذه الكلية.',
  },
  not_running: {
    en: 'No pipeline runs for the module {module}: its file is missing or has a finding.',
    ar: 'لا يعمل أي مسار للوحدة {module}: ملفها مفقود أو فيه خطأ.',
  },
  no_role_yet: {
    en: 'It has no role yet that Wasl takes over; it is sent again when a role is given.',
    ar: 'ليس له دور معتمد بعد، وسيُرسل من جديد عند منحه دورًا.',
  },
  skipped: {
    en: 'What was sent of it was passed over ({reason}).',
    ar: 'تم تجاوز ما أُرسل عنه ({reason}).',
  },
  merged: {
    en: 'It was merged into the record {into}, which stands for both now.',
    ar: 'دُمج في السجل {into} الذي يمثّل الاثنين الآن.',
  },
  deleted: {
    en: 'It was deleted in {source}.',
    ar: 'حُذف في {source}.',
  },
  due: {
    en: 'It is on its way.',
    ar: 'هو في طريقه إلى الإرسال.',
  },
  sent: {
    en: 'It is in step: {remotes} have what Wasl has.',
    ar: 'متطابق: لدى {remotes} ما لدى وصل.',
  },
  stored: {
    en: 'It is stored; nothing of this module is sent anywhere.',
    ar: 'محفوظ، ولا يُرسل شيء من هذه الوحدة إلى نظام آخر.',
  },
  not_sent: {
    en: 'It is stored, and nothing of it was sent to {remotes} yet.',
    ar: 'محفوظ، ولم يُرسل منه شيء إلى {remotes} بعد.',
  },
}

export const WHO_IS_WHO: Readonly<Record<ReasonDefinition['who'], Words>> = {
  registry: { en: 'the register’s office', ar: 'مكتب التسجيل' },
  tutor: { en: 'the tutor', ar: 'المدرّس' },
  it: { en: 'the college’s IT', ar: 'قسم تقنية المعلومات' },
  us: { en: 'Wasl’s developers', ar: 'مطوّرو وصل' },
}
