/** Values and deliveries that are not as they must be. */
import { type Codes, words } from './words.ts'

const SAVE = 'Correct the field in the record and save it again.'
const SAVE_AR = 'صحّح الحقل في السجل ثم احفظه من جديد.'
const SENDER = 'Correct what the sending system sends; then replay the dead letter.'
const SENDER_AR = 'صحّح ما يرسله النظام المرسِل، ثم أعد تشغيل الرسالة.'

export const payloadCodes: Codes = {
  REQUIRED: words(
    'registry',
    ['A required field is empty.', 'Fill the field in the record and save it again.'],
    ['حقل إلزامي فارغ.', 'املأ الحقل في السجل ثم احفظه من جديد.'],
  ),
  NOT_TEXT: words(
    'it',
    ['A field that must be text holds something else.', SENDER],
    ['حقل نصي يحتوي على قيمة من نوع آخر.', SENDER_AR],
  ),
  NOT_A_NUMBER: words(
    'registry',
    ['A field that must be a number is none.', SAVE],
    ['حقل يجب أن يكون رقمًا وليس كذلك.', SAVE_AR],
  ),
  NOT_A_BOOLEAN: words(
    'registry',
    ['A field that must be yes or no holds something else.', SAVE],
    ['حقل يجب أن يكون نعم أو لا ويحتوي على غير ذلك.', SAVE_AR],
  ),
  NOT_WHOLE: words(
    'registry',
    ['A number must be whole.', SAVE],
    ['يجب أن يكون الرقم صحيحًا بلا كسور.', SAVE_AR],
  ),
  NOT_A_LIST: words(
    'it',
    ['A field that must be a list of rows is none.', SENDER],
    ['حقل يجب أن يكون قائمة وليس كذلك.', SENDER_AR],
  ),
  NOT_LISTED: words(
    'registry',
    [
      'A field holds a value that is not among those allowed.',
      'Choose one of the allowed values, or let IT add this one to the mapping.',
    ],
    [
      'يحتوي الحقل على قيمة ليست من القيم المسموحة.',
      'اختر إحدى القيم المسموحة، أو اطلب من قسم التقنية إضافتها إلى الربط.',
    ],
  ),
  TOO_LONG: words(
    'registry',
    [
      'A value is longer than its field may be, and cannot be cut without changing its meaning.',
      'Shorten the value and save the record again.',
    ],
    ['القيمة أطول مما يسمح به الحقل ولا يمكن اختصارها.', 'اختصر القيمة ثم احفظ السجل من جديد.'],
  ),
  TOO_SHORT: words(
    'registry',
    ['A value is too short, such as a name of one letter.', SAVE],
    ['القيمة قصيرة جدًا.', SAVE_AR],
  ),
  TOO_SMALL: words(
    'registry',
    ['A number is below what is allowed.', SAVE],
    ['الرقم أصغر من المسموح.', SAVE_AR],
  ),
  TOO_LARGE: words(
    'registry',
    ['A number is above what is allowed.', SAVE],
    ['الرقم أكبر من المسموح.', SAVE_AR],
  ),
  ID_NUMBER: words(
    'it',
    [
      'An id came as a number that has lost its last digits.',
      'Let the sender send ids as text; then replay.',
    ],
    ['وصل المعرّف كرقم فقد خاناته الأخيرة.', 'اجعل النظام المرسِل يرسل المعرّفات كنص، ثم أعد التشغيل.'],
  ),
  ID_SHAPE: words(
    'it',
    ['An id is not of the form that ids have.', SENDER],
    ['شكل المعرّف غير صحيح.', SENDER_AR],
  ),
  EMAIL_INVALID: words(
    'registry',
    ['The email address is not a valid one.', 'Correct the address in the record and save it again.'],
    ['عنوان البريد الإلكتروني غير صالح.', 'صحّح العنوان في السجل ثم احفظه من جديد.'],
  ),
  COUNTRY_INVALID: words(
    'registry',
    ['The country is not a known one.', SAVE],
    ['الدولة غير معروفة.', SAVE_AR],
  ),
  COUNTRY_UNKNOWN: words(
    'registry',
    ['The name of the country is not known in English or Arabic.', SAVE],
    ['اسم الدولة غير معروف بالعربية أو الإنجليزية.', SAVE_AR],
  ),
  DATE_INVALID: words('registry', ['A date cannot be read.', SAVE], ['تعذّرت قراءة التاريخ.', SAVE_AR]),
  DATE_TIME_INVALID: words(
    'registry',
    ['A date with time cannot be read.', SAVE],
    ['تعذّرت قراءة التاريخ والوقت.', SAVE_AR],
  ),
  UNIX_TIME_INVALID: words(
    'it',
    ['A time that must be seconds since 1970 is not.', SENDER],
    ['قيمة الوقت ليست بالصيغة المطلوبة (ثوانٍ منذ 1970).', SENDER_AR],
  ),
  URL_INVALID: words(
    'registry',
    ['An internet address cannot be read.', SAVE],
    ['عنوان الإنترنت غير صالح.', SAVE_AR],
  ),
  ROW_SHAPE: words(
    'it',
    ['A row of a list is not as it must be.', SENDER],
    ['صف في القائمة ليس بالشكل المطلوب.', SENDER_AR],
  ),
  ROW_INCOMPLETE: words(
    'registry',
    ['A row of a list lacks a required field.', SAVE],
    ['صف في القائمة ينقصه حقل إلزامي.', SAVE_AR],
  ),
  GRADE_LABEL: words(
    'tutor',
    [
      'The grade is a word that the college’s scale does not have.',
      'Choose a grade of the scale, or let IT add this one to it.',
    ],
    ['الدرجة كلمة غير موجودة في سلّم الكلية.', 'اختر درجة من السلّم، أو اطلب من قسم التقنية إضافتها إليه.'],
  ),
  GRADE_RANGE: words(
    'tutor',
    [
      'The grade’s lowest and highest points do not fit each other.',
      'Correct the range where the grade was given.',
    ],
    ['الحد الأدنى والأعلى للدرجة غير متوافقين.', 'صحّح المدى حيث رُصدت الدرجة.'],
  ),
  GRADE_UNKNOWN: words(
    'tutor',
    ['What was given cannot be read as a grade.', 'Give the grade again.'],
    ['تعذّرت قراءة القيمة المعطاة كدرجة.', 'أعد رصد الدرجة.'],
  ),
  PICKLIST_VALUE: words(
    'it',
    [
      'The other system’s list of choices does not have this value.',
      'Add it to the list there, or map it to one that is there.',
    ],
    [
      'قائمة الخيارات في النظام الآخر لا تحتوي على هذه القيمة.',
      'أضفها إلى القائمة هناك، أو اربطها بقيمة موجودة.',
    ],
  ),
  NOT_UNIQUE: words(
    'registry',
    [
      'Another record holds a value that only one may have, such as the user name.',
      'Give one of the two another value.',
    ],
    ['سجل آخر يحمل قيمة لا يجوز أن تتكرر، مثل اسم المستخدم.', 'أعطِ أحد السجلين قيمة أخرى.'],
  ),
  INVALID: words(
    'it',
    ['The record does not fit its pipeline.', SENDER],
    ['السجل لا يتوافق مع مساره.', SENDER_AR],
  ),
  PARSE_SHAPE: words(
    'it',
    ['What was sent is not built as it must be.', SENDER],
    ['بنية ما أُرسل غير صحيحة.', SENDER_AR],
  ),
  PARSE_NO_ID: words(
    'it',
    ['What was sent carries no id of a record.', SENDER],
    ['ما أُرسل لا يحمل معرّف سجل.', SENDER_AR],
  ),
  PARSE_TYPE: words(
    'it',
    [
      'The kind of notification is not known.',
      'Update the plugin that sends it, or switch that notification off.',
    ],
    ['نوع الإشعار غير معروف.', 'حدّث الإضافة المرسِلة، أو أوقف هذا الإشعار.'],
  ),
  MODULE_MISMATCH: words(
    'it',
    ['The address says one module, the body another.', 'Correct the address of the webhook; then replay.'],
    ['العنوان يذكر وحدة والمحتوى يذكر أخرى.', 'صحّح عنوان الإشعار، ثم أعد التشغيل.'],
  ),
  UNKNOWN_MODULE: words(
    'it',
    [
      'No pipeline runs for what was sent.',
      'Mend the finding that `wasl check` shows, or end the webhook; then replay.',
    ],
    [
      'لا يوجد مسار يعالج ما أُرسل.',
      'عالج الملاحظة التي يعرضها الأمر wasl check أو أوقف الإشعار، ثم أعد التشغيل.',
    ],
  ),
  UNKNOWN_CONNECTOR: words(
    'it',
    ['It came for a connector that is not loaded.', 'Install the connector, start again, and replay.'],
    ['وصل لموصّل غير محمّل.', 'ثبّت الموصّل وأعد التشغيل ثم أعد المعالجة.'],
  ),
  DELIVERY_UNREADABLE: words(
    'it',
    ['The delivery could not be read.', SENDER],
    ['تعذّرت قراءة الإرسالية.', SENDER_AR],
  ),
  JSON_UTF8: words('it', ['The bytes are not UTF-8 text.', SENDER], ['البايتات ليست نص UTF-8.', SENDER_AR]),
  JSON_SYNTAX: words('it', ['The text is not JSON.', SENDER], ['النص ليس JSON صحيحًا.', SENDER_AR]),
  JSON_TRAILING_TEXT: words(
    'it',
    ['Something follows after the end of the JSON.', SENDER],
    ['يوجد نص بعد نهاية JSON.', SENDER_AR],
  ),
  JSON_DEPTH: words(
    'it',
    ['The JSON is nested deeper than anything real is.', SENDER],
    ['تداخل JSON أعمق من المعقول.', SENDER_AR],
  ),
  JSON_DUPLICATE_KEY: words(
    'it',
    ['A name stands twice in one object.', SENDER],
    ['اسم مكرر في الكائن نفسه.', SENDER_AR],
  ),
  JSON_PROTO_KEY: words(
    'it',
    ['A name is not allowed, since it could do harm.', SENDER],
    ['اسم غير مسموح به لأسباب أمنية.', SENDER_AR],
  ),
  JSON_LONE_SURROGATE: words(
    'it',
    ['A character is only half there.', SENDER],
    ['محرف ناقص نصفه.', SENDER_AR],
  ),
}
