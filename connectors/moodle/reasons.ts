/** What Moodle's errors mean to people who do not know Wasl. */
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
  MOODLE_TOKEN: words(
    'it',
    [
      'Moodle does not accept the token.',
      'Make a new token in Moodle (Server, Web services, Manage tokens) and save it in the settings.',
    ],
    [
      'مودل لا يقبل الرمز.',
      'أنشئ رمزًا جديدًا في مودل (الخادم، خدمات الويب، إدارة الرموز) واحفظه في الإعدادات.',
    ],
  ),
  MOODLE_FUNCTION: words(
    'it',
    [
      'The service behind the token lacks a function, or the token has expired.',
      'Add the function to the service, or renew the token; `wasl doctor` names what is missing.',
    ],
    [
      'الخدمة المرتبطة بالرمز تنقصها وظيفة أو انتهت صلاحية الرمز.',
      'أضف الوظيفة إلى الخدمة أو جدّد الرمز؛ الأمر wasl doctor يذكر الناقص.',
    ],
  ),
  MOODLE_ACCOUNT: words(
    'it',
    [
      'The Moodle account behind the token is suspended, deleted or not confirmed.',
      'Make the account active again.',
    ],
    ['حساب مودل المرتبط بالرمز موقوف أو محذوف أو غير مؤكد.', 'أعد تفعيل الحساب.'],
  ),
  MOODLE_CAPABILITY: words(
    'it',
    ['The account may not do this in Moodle.', 'Give it the capabilities that `wasl doctor` names.'],
    ['الحساب لا يملك صلاحية ذلك في مودل.', 'امنحه الصلاحيات التي يذكرها الأمر wasl doctor.'],
  ),
  MOODLE_NO_MANUAL_ENROLMENT: words(
    'tutor',
    ['The course has no manual enrolment.', 'Add the enrolment method "manual" to the course; then retry.'],
    ['المقرر ليس فيه تسجيل يدوي.', 'أضف طريقة التسجيل اليدوي إلى المقرر ثم أعد المحاولة.'],
  ),
  MOODLE_MAINTENANCE: words('it', ['Moodle is in maintenance.', WAIT], ['مودل قيد الصيانة.', WAIT_AR]),
  MOODLE_DATABASE: words(
    'it',
    ['Moodle’s database failed for a moment.', WAIT],
    ['تعطلت قاعدة بيانات مودل مؤقتًا.', WAIT_AR],
  ),
  MOODLE_BUSY: words(
    'it',
    ['Moodle asks to be left alone for a while.', WAIT],
    ['مودل يطلب التمهل قليلًا.', WAIT_AR],
  ),
  MOODLE_OUTAGE: words('it', ['Moodle is out of order.', WAIT], ['مودل معطّل.', WAIT_AR]),
  MOODLE_INTERNAL: words(
    'it',
    ['A program error inside Moodle.', 'Look into Moodle’s log; one of its plugins is the usual cause.'],
    ['خطأ برمجي داخل مودل.', 'راجع سجل مودل؛ السبب غالبًا إحدى إضافاته.'],
  ),
  MOODLE_TAKEN: words(
    'registry',
    [
      'Another person or course in Moodle has this user name, email, id number or short name.',
      'Give this record another value, or correct the other one in Moodle; then retry.',
    ],
    [
      'شخص أو مقرر آخر في مودل يحمل القيمة نفسها.',
      'غيّر القيمة في هذا السجل أو صحّح الآخر في مودل، ثم أعد المحاولة.',
    ],
  ),
  MOODLE_INVALID: words(
    'registry',
    ['Moodle refuses a value, such as a user name with characters that it does not allow.', SAVE],
    ['يرفض مودل إحدى القيم، مثل اسم مستخدم بمحارف غير مسموحة.', SAVE_AR],
  ),
  MOODLE_NO_CATEGORY: words(
    'it',
    [
      'The course category is not there in Moodle.',
      'Save the programme again, so that its category is made; then retry.',
    ],
    ['تصنيف المقررات غير موجود في مودل.', 'احفظ البرنامج من جديد ليُنشأ تصنيفه ثم أعد المحاولة.'],
  ),
  MOODLE_NO_COURSE: words(
    'it',
    [
      'The course is gone in Moodle, or Wasl’s account may not enter it.',
      'Restore the course, or save the class again.',
    ],
    ['المقرر غير موجود في مودل أو لا يستطيع حساب وصل دخوله.', 'استعد المقرر أو احفظ الصف من جديد.'],
  ),
  MOODLE_NO_PROGRAMME: words(
    'registry',
    [
      'The class names no programme, nor does its unit, so its course has no place in Moodle.',
      'Enter the programme in the class or in its unit, and save it.',
    ],
    [
      'لا برنامج مذكور في الصف ولا في وحدته، فلا مكان لمقرره في مودل.',
      'أدخل البرنامج في الصف أو في وحدته ثم احفظه.',
    ],
  ),
  MOODLE_NO_SECTION: words(
    'it',
    [
      'The course has no such section: its format has none, or fewer than that.',
      'Change the number of the section in the pipeline, or the format of the course.',
    ],
    [
      'لا يوجد هذا القسم في المقرر: تنسيقه بلا أقسام أو أقسامه أقل.',
      'غيّر رقم القسم في المسار أو تنسيق المقرر.',
    ],
  ),
  MOODLE_NO_USER: words(
    'registry',
    [
      'The person is not there in Moodle any more.',
      'Save the student again, so that the person is made or found.',
    ],
    ['الشخص لم يعد موجودًا في مودل.', 'احفظ الطالب من جديد ليُنشأ أو يُعثر عليه.'],
  ),
  MOODLE_NO_RECORD: words(
    'it',
    ['What is to be changed is not there in Moodle any more.', 'Save the record again; then retry.'],
    ['العنصر المطلوب تغييره غير موجود في مودل.', 'احفظ السجل من جديد ثم أعد المحاولة.'],
  ),
  MOODLE_NO_MEMBER: words(
    'it',
    ['The person or the group is not there in Moodle.', 'Save the student and the class again; then retry.'],
    ['الشخص أو المجموعة غير موجودين في مودل.', 'احفظ الطالب والصف من جديد ثم أعد المحاولة.'],
  ),
  MOODLE_NOT_ENROLLED: words(
    'registry',
    [
      'The person is not enrolled in the course of the group yet.',
      'Nothing, while the enrolment is on its way: it is tried again. Else save the enrolment again.',
    ],
    [
      'الشخص غير مسجل في مقرر المجموعة بعد.',
      'لا شيء ما دام التسجيل في الطريق: ستعاد المحاولة. وإلا فاحفظ التسجيل من جديد.',
    ],
  ),
  MOODLE_PROTECTED: words(
    'it',
    [
      'This is an account that Moodle lets nobody change from outside.',
      'Take the record’s Moodle id away, or give it the right one.',
    ],
    ['هذا حساب لا يسمح مودل بتغييره من الخارج.', 'أزل معرّف مودل من السجل أو صحّحه.'],
  ),
  MOODLE_ROLE: words(
    'it',
    ['The role for enrolments is not known in Moodle.', 'Correct the role in the mapping.'],
    ['دور التسجيل غير معروف في مودل.', 'صحّح الدور في الربط.'],
  ),
  MOODLE_REFUSED: words(
    'it',
    [
      'Moodle refuses the call for a reason that Wasl does not know.',
      'Read Moodle’s own words in the message.',
    ],
    ['رفض مودل الطلب لسبب لا يعرفه وصل.', 'اقرأ نص رسالة مودل.'],
  ),
  MOODLE_WEB_SERVICES_OFF: words(
    'it',
    [
      'Web services or the REST protocol are switched off in Moodle.',
      'Switch them on in Moodle’s advanced features.',
    ],
    ['خدمات الويب أو بروتوكول REST معطّلة في مودل.', 'فعّلها في الميزات المتقدمة في مودل.'],
  ),
  MOODLE_ADDRESS: words(
    'it',
    ['There is no Moodle at the address.', 'Correct the address; it must be Moodle’s own wwwroot.'],
    ['لا يوجد مودل على هذا العنوان.', 'صحّح العنوان ليطابق wwwroot في مودل.'],
  ),
  MOODLE_ANSWER: words(
    'it',
    [
      'Moodle answered something that it should not.',
      'Look into Moodle’s log; a notice of PHP before the answer is the usual cause.',
    ],
    ['رد مودل غير متوقع.', 'راجع سجل مودل؛ السبب غالبًا رسالة PHP قبل الرد.'],
  ),
  MOODLE_USERS_HIDDEN: words(
    'it',
    [
      'Wasl’s account does not see people in Moodle, so it could make them twice.',
      'Give it the capability moodle/site:viewuseridentity; `wasl doctor` tests it.',
    ],
    [
      'حساب وصل لا يرى المستخدمين في مودل وقد ينشئهم مرتين.',
      'امنحه الصلاحية moodle/site:viewuseridentity؛ الأمر wasl doctor يختبرها.',
    ],
  ),
  MOODLE_COURSES_HIDDEN: words(
    'it',
    [
      'Wasl’s account does not see hidden courses.',
      'Give it the capability moodle/course:viewhiddencourses.',
    ],
    ['حساب وصل لا يرى المقررات المخفية.', 'امنحه الصلاحية moodle/course:viewhiddencourses.'],
  ),
  MOODLE_CATEGORIES_HIDDEN: words(
    'it',
    [
      'Wasl’s account does not see hidden categories.',
      'Give it the capability moodle/category:viewhiddencategories.',
    ],
    ['حساب وصل لا يرى التصنيفات المخفية.', 'امنحه الصلاحية moodle/category:viewhiddencategories.'],
  ),
  MOODLE_FIELD: words(
    'it',
    ['The mapping names a field that Moodle does not have here.', 'Correct the mapping.'],
    ['الربط يذكر حقلًا غير موجود في مودل.', 'صحّح الربط.'],
  ),
  MOODLE_FIELD_NAME: words(
    'it',
    ['The mapping names a field with characters that Moodle’s form does not take.', 'Correct the mapping.'],
    ['اسم حقل في الربط يحتوي على محارف غير مسموحة.', 'صحّح الربط.'],
  ),
  MOODLE_FIELD_NEEDED: words(
    'registry',
    ['A field that Moodle needs is empty.', SAVE],
    ['حقل يحتاجه مودل فارغ.', SAVE_AR],
  ),
  MOODLE_FIND: words(
    'it',
    [
      'The mapping looks for something by a field by which Moodle cannot be searched.',
      'Correct the mapping.',
    ],
    ['الربط يبحث بحقل لا يدعم مودل البحث به.', 'صحّح الربط.'],
  ),
  MOODLE_PASSWORD: words(
    'it',
    ['The mapping sends a password, which Wasl never does.', 'Take the password out of the mapping.'],
    ['الربط يرسل كلمة مرور وهذا ممنوع.', 'أزل كلمة المرور من الربط.'],
  ),
  MOODLE_READ_ONLY: words(
    'it',
    ['Grades are only read from Moodle, never written.', 'Take the push out of the pipeline.'],
    ['الدرجات تُقرأ من مودل فقط ولا تُكتب.', 'أزل الإرسال من المسار.'],
  ),
}
