/** Requests that Wasl refuses. */
import { type Codes, words } from './words.ts'

const READ = 'See the findings in the answer, and the document at /documentation.'
const READ_AR = 'راجع الملاحظات في الرد والوثيقة على /documentation.'

export const requestCodes: Codes = {
  BAD_REQUEST: words(
    'it',
    ['The request is not as it must be.', READ],
    ['الطلب ليس بالشكل المطلوب.', READ_AR],
  ),
  WINDOW: words(
    'it',
    ['The window of time ends before it begins.', 'Give an earlier beginning or a later end.'],
    ['نهاية الفترة الزمنية تسبق بدايتها.', 'حدّد بداية أبكر أو نهاية متأخرة.'],
  ),
  TOO_MANY_ATTEMPTS: words(
    'it',
    [
      'Too many wrong keys came from that address, or under that key’s name.',
      'Set the right key where the requests come from; wait as long as Retry-After says.',
    ],
    [
      'وردت مفاتيح خاطئة كثيرة من ذلك العنوان أو باسم ذلك المفتاح.',
      'صحّح المفتاح لدى المرسل، وانتظر المدة المذكورة في Retry-After.',
    ],
  ),
  BODY: words(
    'it',
    ['The body of the request is not as it must be.', READ],
    ['محتوى الطلب ليس بالشكل المطلوب.', READ_AR],
  ),
  BATCH_SHAPE: words(
    'it',
    ['The batch is not a list of records under its name.', READ],
    ['الدفعة ليست قائمة سجلات تحت اسمها.', READ_AR],
  ),
  STATUS_IDS: words(
    'it',
    ['The list of ids is missing, too long, or holds something else.', READ],
    ['قائمة المعرّفات مفقودة أو طويلة أو غير صحيحة.', READ_AR],
  ),
  MODULE_OFF: words(
    'it',
    ['The module is switched off, so nothing of it is taken in.', 'Switch it on first.'],
    ['الوحدة متوقفة فلا يُقبل منها شيء.', 'شغّلها أولًا.'],
  ),
  NOT_LISTED: words(
    'it',
    ['The other system cannot list what was changed there.', 'Order everything, where it can list that.'],
    ['النظام الآخر لا يستطيع سرد ما تغيّر فيه.', 'اطلب كل شيء حيث يمكنه ذلك.'],
  ),
  CURSOR: words(
    'it',
    ['The cursor of the list was not given by Wasl.', 'Begin the list anew without a cursor.'],
    ['مؤشر القائمة ليس من وصل.', 'ابدأ القائمة من جديد دون مؤشر.'],
  ),
  IDEMPOTENCY_KEY: words(
    'it',
    ['The header Idempotency-Key holds characters that it must not.', READ],
    ['الترويسة Idempotency-Key تحتوي على محارف غير مسموحة.', READ_AR],
  ),
  CONNECTOR_NEEDED: words(
    'it',
    ['It is not said in which system’s shape the body is.', 'Name the connector in the query.'],
    ['لم يُحدّد النظام الذي كُتب المحتوى بصيغته.', 'اذكر الموصّل في الاستعلام.'],
  ),
  BODY_INCOMPLETE: words(
    'it',
    ['The request ended within its body.', 'Send it again.'],
    ['انقطع الطلب قبل اكتماله.', 'أعد إرساله.'],
  ),
  BODY_TOO_LARGE: words(
    'it',
    ['The body is larger than is taken.', 'Send it in parts, or use `wasl import`.'],
    ['محتوى الطلب أكبر من المسموح.', 'أرسله على أجزاء، أو استخدم wasl import.'],
  ),
  REQUEST_TIMEOUT: words(
    'it',
    ['The body did not come in time.', 'Send it again over a better connection.'],
    ['لم يصل المحتوى في الوقت المحدد.', 'أعد إرساله عبر اتصال أفضل.'],
  ),
  UNSUPPORTED_TYPE: words(
    'it',
    ['The body must be JSON.', 'Set the header Content-Type to application/json.'],
    ['يجب أن يكون المحتوى JSON.', 'اجعل الترويسة Content-Type تساوي application/json.'],
  ),
  UNSUPPORTED_ENCODING: words(
    'it',
    [
      'Compressed bodies are not taken, since their signature would be over other bytes.',
      'Send it uncompressed.',
    ],
    ['لا يُقبل المحتوى المضغوط.', 'أرسله دون ضغط.'],
  ),
  UNAUTHORIZED: words(
    'it',
    [
      'The key or signature is missing, wrong or expired.',
      'See the key with `wasl keys list`, or the secret of the endpoint.',
    ],
    ['المفتاح أو التوقيع مفقود أو خاطئ أو منتهٍ.', 'راجع المفتاح بالأمر wasl keys list أو سر نقطة الاستقبال.'],
  ),
  SCOPE_MISSING: words(
    'it',
    ['The key may not do this.', 'Use a key with the scope that the answer names.'],
    ['هذا المفتاح لا يملك الصلاحية.', 'استخدم مفتاحًا يملك الصلاحية المذكورة في الرد.'],
  ),
  NOT_FOUND: words(
    'it',
    ['There is nothing of that name.', 'Look it up in the list.'],
    ['لا يوجد شيء بهذا الاسم.', 'ابحث عنه في القائمة.'],
  ),
  METHOD_NOT_ALLOWED: words(
    'it',
    ['The path does not answer to that method.', 'See the header Allow.'],
    ['المسار لا يقبل هذه الطريقة.', 'راجع الترويسة Allow.'],
  ),
  NOT_NOW: words(
    'it',
    ['It is on its way, or at its goal already.', 'Look at it again in a moment.'],
    ['هو في طريقه أو وصل بالفعل.', 'انظر إليه مرة أخرى بعد قليل.'],
  ),
  BUSY: words(
    'it',
    ['Wasl reads too many requests just now.', 'Send it again after a few seconds.'],
    ['وصل مشغول بطلبات كثيرة الآن.', 'أعد الإرسال بعد ثوانٍ.'],
  ),
  STOPPING: words(
    'it',
    ['Wasl is being stopped.', 'Send it again after a few seconds.'],
    ['وصل قيد الإيقاف.', 'أعد الإرسال بعد ثوانٍ.'],
  ),
  UNAVAILABLE: words(
    'it',
    ['Wasl cannot do this just now.', 'Send it again after a few seconds.'],
    ['لا يستطيع وصل تنفيذ ذلك الآن.', 'أعد الإرسال بعد ثوانٍ.'],
  ),
  IF_MATCH_NEEDED: words(
    'it',
    ['It is not said which version is replaced.', 'Read the mapping first and pass on its ETag as If-Match.'],
    ['لم يُحدّد الإصدار المراد استبداله.', 'اقرأ الربط أولًا ومرّر قيمة ETag في If-Match.'],
  ),
  INSTALLATION_KEY: words(
    'it',
    ['The key belongs to one college; it cannot make others.', 'Use an admin key of the installation.'],
    ['المفتاح يخص كلية واحدة ولا ينشئ غيرها.', 'استخدم مفتاح مدير التثبيت.'],
  ),
  ENDPOINTS_FULL: words(
    'it',
    ['The college has as many endpoints as there may be.', 'Take one away that nobody uses any more.'],
    ['للكلية أكبر عدد مسموح من نقاط الاستقبال.', 'أزل نقطة لم يعد أحد يستخدمها.'],
  ),
  TENANT_EXISTS: words(
    'it',
    ['There is a college with that id already.', 'Choose another id.'],
    ['توجد كلية بهذا المعرّف.', 'اختر معرّفًا آخر.'],
  ),
  STALE_VERSION: words(
    'it',
    ['Somebody else has saved the mapping meanwhile.', 'Read it again and repeat the change.'],
    ['حفظ شخص آخر الربط في الأثناء.', 'اقرأه من جديد ثم كرّر التغيير.'],
  ),
  MAPPING_WRONG: words(
    'it',
    ['The mapping is not as it must be.', READ],
    ['الربط ليس بالشكل المطلوب.', READ_AR],
  ),
}
