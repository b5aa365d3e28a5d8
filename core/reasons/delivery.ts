/** What goes wrong between taking something in and sending it on. */
import { type Codes, words } from './words.ts'

const WAIT = 'Nothing: it is tried again by itself. If it lasts, ask who runs that system.'
const WAIT_AR = 'لا شيء: تعاد المحاولة تلقائيًا. إن طال الأمر فراجع مسؤول ذلك النظام.'

export const deliveryCodes: Codes = {
  IDENTITY_TAKEN: words(
    'registry',
    [
      'An id in this record belongs to another record.',
      'Find out which of the two has the wrong id, and correct it there.',
    ],
    ['معرّف في هذا السجل يخص سجلًا آخر.', 'حدّد أي السجلين يحمل المعرّف الخطأ وصحّحه.'],
  ),
  AMBIGUOUS_MATCH: words(
    'it',
    [
      'Several objects in the other system fit this record.',
      'Give all but one of them another value there, or write the right id into the record.',
    ],
    [
      'عدة عناصر في النظام الآخر تطابق هذا السجل.',
      'غيّر القيمة في جميعها عدا واحد، أو اكتب المعرّف الصحيح في السجل.',
    ],
  ),
  MATCH_DISAGREES: words(
    'registry',
    [
      'An object with this record’s key was found in the other system, but it is about something else.',
      'Correct it there, or take the key out of it; then retry the record.',
    ],
    [
      'وُجد في النظام الآخر عنصر يحمل مفتاح هذا السجل لكنه يخص شيئًا آخر.',
      'صحّحه هناك أو احذف المفتاح منه، ثم أعد محاولة السجل.',
    ],
  ),
  UNCERTAIN_CREATION: words(
    'it',
    [
      'Whether it was created in the other system is not known, because the answer was lost.',
      'Look there: write its id into the record, or retry to create it.',
    ],
    [
      'لا يُعرف إن كان قد أُنشئ في النظام الآخر لأن الرد فُقد.',
      'تحقّق هناك: اكتب معرّفه في السجل، أو أعد المحاولة لإنشائه.',
    ],
  ),
  DELETE_NOT_OFFERED: words(
    'it',
    [
      'The pipeline wants to delete something that cannot be deleted there.',
      'Let its `onDelete` switch the object off instead.',
    ],
    ['المسار يحاول حذف ما لا يمكن حذفه هناك.', 'اجعل onDelete يعطّل العنصر بدل حذفه.'],
  ),
  NOT_CONNECTED: words(
    'it',
    [
      'This college is not connected to that system.',
      'Enter its address and credentials; `wasl doctor` tests them.',
    ],
    ['هذه الكلية غير متصلة بذلك النظام.', 'أدخل عنوانه وبيانات الدخول؛ الأمر wasl doctor يختبرها.'],
  ),
  REMOTE_UNSEEN: words(
    'it',
    [
      'The record cannot be seen in its own system, and is not among the deleted ones.',
      'See whether Wasl’s account may read it; it is looked for again by itself.',
    ],
    [
      'السجل غير ظاهر في نظامه وليس بين المحذوفات.',
      'تحقّق من صلاحية حساب وصل لقراءته؛ تعاد المحاولة تلقائيًا.',
    ],
  ),
  REMOTE_GONE: words(
    'registry',
    [
      'The object was deleted in the other system, though our record still stands.',
      'Decide: delete the record too, or let it be created again.',
    ],
    ['حُذف العنصر في النظام الآخر بينما لا يزال السجل قائمًا.', 'قرّر: احذف السجل أيضًا أو دعه يُنشأ من جديد.'],
  ),
  REMOTE_SHORT: words(
    'us',
    ['The other system answered for fewer records than were sent.', WAIT],
    ['ردّ النظام الآخر على عدد أقل مما أُرسل.', WAIT_AR],
  ),
  REMOTE_ABORTED: words(
    'it',
    ['The request was given up before it was answered.', WAIT],
    ['أُلغي الطلب قبل وصول الرد.', WAIT_AR],
  ),
  REMOTE_TIMEOUT: words(
    'it',
    ['The other system did not answer in time.', WAIT],
    ['لم يستجب النظام الآخر في الوقت المحدد.', WAIT_AR],
  ),
  REMOTE_UNREACHABLE: words(
    'it',
    ['The other system cannot be reached.', WAIT],
    ['تعذّر الوصول إلى النظام الآخر.', WAIT_AR],
  ),
  REMOTE_TOO_LARGE: words(
    'us',
    ['The other system answered more than Wasl takes in one answer.', WAIT],
    ['ردّ النظام الآخر أكبر من المسموح.', WAIT_AR],
  ),
  REMOTE_NOT_JSON: words(
    'it',
    [
      'The other system answered with a page instead of data.',
      'See whether a firewall or a maintenance page stands before it; it is tried again by itself.',
    ],
    [
      'ردّ النظام الآخر بصفحة بدل البيانات.',
      'تحقّق من وجود جدار حماية أو صفحة صيانة أمامه؛ تعاد المحاولة تلقائيًا.',
    ],
  ),
  REMOTE_ADDRESS: words(
    'it',
    [
      'The address of the other system is not allowed.',
      'Use its public https address, or allow private addresses in its settings.',
    ],
    ['عنوان النظام الآخر غير مسموح.', 'استخدم عنوانه العام عبر https، أو اسمح بالعناوين الخاصة في إعداداته.'],
  ),
  REMOTE_CERTIFICATE: words(
    'it',
    [
      'The certificate of the other system cannot be trusted.',
      'Renew it there, or name its authority in NODE_EXTRA_CA_CERTS.',
    ],
    ['شهادة النظام الآخر غير موثوقة.', 'جدّدها هناك، أو عرّف الجهة المصدرة في NODE_EXTRA_CA_CERTS.'],
  ),
  REQUEST_PATH: words(
    'us',
    ['Wasl was about to call an address that it must not.', 'Report it with the event’s id.'],
    ['كاد وصل يستدعي عنوانًا غير مسموح.', 'أبلغ عنه مع رقم الحدث.'],
  ),
  REQUEST_TOO_LARGE: words(
    'us',
    [
      'What was to be sent is larger than one request may be.',
      'Shorten the longest texts of the record, or report it.',
    ],
    ['حجم ما سيُرسل أكبر من المسموح.', 'اختصر أطول نصوص السجل، أو أبلغ عنه.'],
  ),
  HEADER_VALUE: words(
    'it',
    [
      'A setting holds characters that cannot stand in a request’s header.',
      'Enter the token or address again, without blanks and line ends.',
    ],
    [
      'أحد الإعدادات يحتوي على محارف غير مسموحة في ترويسة الطلب.',
      'أعد إدخال الرمز أو العنوان دون فراغات أو أسطر.',
    ],
  ),
  POISON: words(
    'us',
    [
      'Wasl itself was ended several times while it worked on this.',
      'Retry once by hand; if it happens again, send its id to the developers.',
    ],
    ['توقّف وصل عدة مرات أثناء معالجة هذا العنصر.', 'أعد المحاولة يدويًا مرة؛ إن تكرر فأرسل رقمه للمطورين.'],
  ),
  INTERNAL: words(
    'us',
    ['Wasl itself failed here.', 'Send the id to the developers; the log has the details.'],
    ['حدث خطأ داخل وصل.', 'أرسل الرقم إلى المطورين؛ التفاصيل في السجل.'],
  ),
  PAUSED: words(
    'it',
    ['A person has paused this system.', 'Resume it when it may be written to again.'],
    ['أوقف أحد المشغّلين هذا النظام مؤقتًا.', 'استأنفه عندما تصبح الكتابة إليه ممكنة.'],
  ),
  RESUMED: words(
    'it',
    ['A person has resumed this system.', 'Nothing: what waited is sent little by little.'],
    ['استأنف أحد المشغّلين هذا النظام.', 'لا شيء: ما كان ينتظر يُرسل تدريجيًا.'],
  ),
  PAYLOAD_FORGOTTEN: words(
    'registry',
    ['What was sent is not kept any more.', 'Save the record again in the system that sent it.'],
    ['ما أُرسل لم يعد محفوظًا.', 'احفظ السجل من جديد في النظام المرسِل.'],
  ),
  PAYLOAD_UNREADABLE: words(
    'it',
    [
      'What was sent cannot be read from the store any more: it was changed there, or stored under another key.',
      'Save the record again in the system that sent it, and see who can write to the store.',
    ],
    [
      'لم تعد قراءة ما أُرسل ممكنة من المخزن: غُيّر فيه أو حُفظ بمفتاح آخر.',
      'احفظ السجل من جديد في النظام المرسِل، وتحقق ممن يستطيع الكتابة في المخزن.',
    ],
  ),
  AUDIT_BUSY: words(
    'it',
    ['Too many changes were made at once.', 'Try again in a moment.'],
    ['أُجريت تغييرات كثيرة في اللحظة نفسها.', 'أعد المحاولة بعد قليل.'],
  ),
}
