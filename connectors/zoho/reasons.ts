/** What Zoho's errors mean to people who do not know Wasl. */
import type { ReasonDefinition } from '../../core/plugin.ts'

const words = (
  who: ReasonDefinition['who'],
  en: readonly [cause: string, next: string],
  ar: readonly [cause: string, next: string],
): ReasonDefinition => ({ who, en: { cause: en[0], next: en[1] }, ar: { cause: ar[0], next: ar[1] } })

const WAIT = 'Nothing: it is tried again by itself.'
const WAIT_AR = 'لا شيء: تعاد المحاولة تلقائيًا.'
const SAVE = 'Correct the record and save it again.'
const SAVE_AR = 'صحّح السجل ثم احفظه من جديد.'

export const reasons: Readonly<Record<string, ReasonDefinition>> = {
  ZOHO_BUSY: words(
    'it',
    [
      'Zoho asks to slow down: the calls of the day, or those at once, are used up.',
      'Nothing: it goes on by itself. If it lasts, buy more API credits.',
    ],
    ['زوهو يطلب التمهل: استُنفد رصيد الطلبات.', 'لا شيء: تُستكمل تلقائيًا. إن طال الأمر فزد رصيد الطلبات.'],
  ),
  ZOHO_PAGE: words(
    'us',
    [
      'A listing of changes was to go on at a place that Zoho cannot have named.',
      'Start it again from the beginning.',
    ],
    ['كان يُفترض أن يُستأنف سرد التغييرات من موضع لا يعرفه زوهو.', 'ابدأه من جديد.'],
  ),
  ZOHO_TOKEN: words(
    'it',
    [
      'Zoho refuses the access token, a renewed one too.',
      'Check the data centre of the accounts URL, and that the user of the refresh token is active.',
    ],
    ['زوهو يرفض رمز الدخول حتى بعد تجديده.', 'تحقّق من مركز البيانات ومن أن مستخدم الرمز نشط.'],
  ),
  ZOHO_REFRESH: words(
    'it',
    ['Zoho refuses the refresh token.', 'Make a new refresh token and save it in the settings.'],
    ['زوهو يرفض رمز التجديد.', 'أنشئ رمز تجديد جديدًا واحفظه في الإعدادات.'],
  ),
  ZOHO_TOKEN_LIMIT: words(
    'it',
    ['Too many access tokens were asked for in ten minutes.', WAIT],
    ['طُلبت رموز دخول كثيرة خلال عشر دقائق.', WAIT_AR],
  ),
  ZOHO_TOKEN_ANSWER: words(
    'it',
    [
      'Zoho’s accounts server answered something that it should not.',
      'Check the accounts URL; it is tried again by itself.',
    ],
    ['رد خادم حسابات زوهو غير متوقع.', 'تحقّق من عنوان الحسابات؛ تعاد المحاولة تلقائيًا.'],
  ),
  ZOHO_TOKEN_CLAIM: words(
    'it',
    ['Another engine renews the token just now.', WAIT],
    ['محرك آخر يجدّد الرمز الآن.', WAIT_AR],
  ),
  ZOHO_API_DOMAIN: words(
    'it',
    ['Zoho names an address of its API that is none of Zoho’s.', 'Check the accounts URL.'],
    ['زوهو يذكر عنوانًا ليس من عناوينه.', 'تحقّق من عنوان الحسابات.'],
  ),
  ZOHO_SCOPE: words(
    'it',
    ['The token lacks a scope.', 'Make a new refresh token with all the scopes of the connector’s README.'],
    ['الرمز تنقصه صلاحية.', 'أنشئ رمز تجديد جديدًا بجميع الصلاحيات المذكورة في دليل الموصّل.'],
  ),
  ZOHO_PERMISSION: words(
    'it',
    [
      'The user behind the token may not do this in Zoho.',
      'Give the user’s profile view, create and edit on the module.',
    ],
    ['مستخدم الرمز لا يملك صلاحية ذلك في زوهو.', 'امنح ملفه صلاحيات العرض والإنشاء والتعديل على الوحدة.'],
  ),
  ZOHO_MODULE: words(
    'it',
    [
      'There is no module of this API name, or the user does not see it.',
      'Compare the API names in Zoho’s developer settings.',
    ],
    [
      'لا توجد وحدة بهذا الاسم البرمجي أو لا يراها المستخدم.',
      'قارن الأسماء البرمجية في إعدادات المطورين في زوهو.',
    ],
  ),
  ZOHO_CALL: words(
    'us',
    ['Zoho does not know this call any more.', 'Update Wasl, or report it.'],
    ['زوهو لم يعد يعرف هذا الطلب.', 'حدّث وصل أو أبلغ المطورين.'],
  ),
  ZOHO_OUTAGE: words('it', ['Zoho is out of order.', WAIT], ['زوهو معطّل.', WAIT_AR]),
  ZOHO_INTERNAL: words('it', ['Zoho failed internally.', WAIT], ['خطأ داخلي في زوهو.', WAIT_AR]),
  ZOHO_LOCKED: words(
    'registry',
    ['Somebody has locked the record in Zoho.', WAIT],
    ['السجل مقفل في زوهو.', WAIT_AR],
  ),
  ZOHO_CHANGED: words(
    'registry',
    ['The record was changed in Zoho meanwhile.', WAIT],
    ['تغيّر السجل في زوهو في الأثناء.', WAIT_AR],
  ),
  ZOHO_MISSING: words(
    'registry',
    ['Zoho needs a field that is empty.', SAVE],
    ['زوهو يحتاج حقلًا فارغًا.', SAVE_AR],
  ),
  ZOHO_DUPLICATE: words(
    'registry',
    [
      'Another record in Zoho holds this value already.',
      'Find the other record in Zoho and delete or correct one of the two; then retry.',
    ],
    ['سجل آخر في زوهو يحمل هذه القيمة.', 'ابحث عن السجل الآخر في زوهو واحذف أحدهما أو صحّحه ثم أعد المحاولة.'],
  ),
  ZOHO_NOT_ALLOWED: words(
    'registry',
    [
      'The record cannot be changed in its present state.',
      'Finish its approval, review or blueprint in Zoho; then retry.',
    ],
    ['لا يمكن تغيير السجل في حالته الحالية.', 'أكمل الموافقة أو المراجعة في زوهو ثم أعد المحاولة.'],
  ),
  ZOHO_INVALID: words('registry', ['Zoho refuses a value.', SAVE], ['زوهو يرفض إحدى القيم.', SAVE_AR]),
  ZOHO_REFUSED: words(
    'it',
    ['Zoho refuses the call for a reason that Wasl does not know.', 'Read Zoho’s code in the message.'],
    ['رفض زوهو الطلب لسبب لا يعرفه وصل.', 'اقرأ رمز زوهو في الرسالة.'],
  ),
  ZOHO_FIELD: words(
    'it',
    ['The mapping looks for records by a name that is no field’s.', 'Correct the mapping.'],
    ['الربط يبحث باسم ليس اسم حقل.', 'صحّح الربط.'],
  ),
  ZOHO_UNREADABLE: words(
    'it',
    ['Zoho answered something that cannot be read.', WAIT],
    ['رد زوهو غير مقروء.', WAIT_AR],
  ),
}
