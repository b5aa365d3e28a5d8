/** Settings, files and the store. */
import { type Codes, words } from './words.ts'

const SAID = 'Do what the message says, then start again.'
const SAID_AR = 'نفّذ ما تقوله الرسالة ثم أعد التشغيل.'
const FILE = 'Correct the file where the message says, and run the command again.'
const FILE_AR = 'صحّح الملف في الموضع المذكور ثم نفّذ الأمر من جديد.'

export const installationCodes: Codes = {
  SETTINGS: words('it', ['Settings are missing or wrong.', SAID], ['الإعدادات ناقصة أو خاطئة.', SAID_AR]),
  ROLE: words(
    'it',
    ['The engine was started with a role that there is not.', SAID],
    ['شُغّل المحرك بدور غير موجود.', SAID_AR],
  ),
  PORT_TAKEN: words(
    'it',
    ['Another program listens on the port.', 'End it, or choose another PORT.'],
    ['برنامج آخر يستخدم المنفذ.', 'أوقفه أو اختر منفذًا آخر PORT.'],
  ),
  CANNOT_LISTEN: words(
    'it',
    ['The address cannot be listened on.', 'Choose an address of this machine and a port that is allowed.'],
    ['لا يمكن الاستماع على العنوان.', 'اختر عنوانًا من هذا الجهاز ومنفذًا مسموحًا.'],
  ),
  CONNECTORS: words('it', ['A connector could not be loaded.', SAID], ['تعذّر تحميل أحد الموصّلات.', SAID_AR]),
  PLUGIN_NAME: words(
    'it',
    ['A plugin has a name that it must not have.', SAID],
    ['اسم إحدى الإضافات غير مسموح.', SAID_AR],
  ),
  PLUGIN_TWICE: words(
    'it',
    ['Two plugins have the same name.', 'Remove one of them.'],
    ['إضافتان بالاسم نفسه.', 'أزل إحداهما.'],
  ),
  KEY_MISSING: words(
    'it',
    ['WASL_KEY, under which secrets are kept, is not set.', SAID],
    ['المفتاح WASL_KEY الذي تُحفظ به الأسرار غير معيّن.', SAID_AR],
  ),
  KEY_MALFORMED: words(
    'it',
    ['WASL_KEY is not a key of 32 bytes.', SAID],
    ['قيمة WASL_KEY ليست مفتاحًا من 32 بايتًا.', SAID_AR],
  ),
  KEY_FILE_OPEN: words(
    'it',
    ['Others may read the file with the key.', SAID],
    ['ملف المفتاح مقروء لغير صاحبه.', SAID_AR],
  ),
  SECRET_UNREADABLE: words(
    'it',
    ['A stored secret was kept under another WASL_KEY.', 'Start with that key, or enter the secret again.'],
    ['سر محفوظ بمفتاح WASL_KEY آخر.', 'شغّل بالمفتاح السابق، أو أدخل السر من جديد.'],
  ),
  STORE_UNREACHABLE: words(
    'it',
    ['The database cannot be reached.', 'See whether it runs and takes connections from here.'],
    ['تعذّر الوصول إلى قاعدة البيانات.', 'تحقّق من أنها تعمل وتقبل الاتصال من هنا.'],
  ),
  STORE_UNAVAILABLE: words(
    'it',
    ['The database did not answer.', 'See whether it runs and has room; senders send again by themselves.'],
    ['لم تستجب قاعدة البيانات.', 'تحقّق من عملها ومن المساحة؛ المرسِلون يعيدون الإرسال تلقائيًا.'],
  ),
  STORE_NOT_STARTED: words(
    'it',
    ['The embedded store could not be started.', SAID],
    ['تعذّر تشغيل المخزن المدمج.', SAID_AR],
  ),
  STORE_INDEXES: words(
    'it',
    ['The database holds data that this version does not expect.', SAID],
    ['تحتوي قاعدة البيانات على بيانات لا يتوقعها هذا الإصدار.', SAID_AR],
  ),
  STORE_TENANT: words(
    'us',
    ['The store was asked without saying for which college.', 'Report it to the developers.'],
    ['طُلب من المخزن شيء دون تحديد الكلية.', 'أبلغ المطورين.'],
  ),
  TENANT_UNKNOWN: words(
    'it',
    ['There is no college of that name.', 'See them with `wasl tenants list`.'],
    ['لا توجد كلية بهذا الاسم.', 'راجعها بالأمر wasl tenants list.'],
  ),
  TIMEZONE_UNKNOWN: words(
    'it',
    ['The time zone is not a known one.', 'Set one such as Asia/Amman.'],
    ['المنطقة الزمنية غير معروفة.', 'عيّن واحدة مثل Asia/Amman.'],
  ),
  UNKNOWN_SCALE: words(
    'it',
    ['The mapping names a scale that there is not.', 'Add its file under config/scales, or name another.'],
    ['الربط يذكر سلّم درجات غير موجود.', 'أضف ملفه في config/scales أو اذكر غيره.'],
  ),
  UNKNOWN_TRANSFORM: words(
    'it',
    ['The mapping names a transform that there is not.', 'Correct the name; `wasl check` lists them.'],
    ['الربط يذكر تحويلًا غير موجود.', 'صحّح الاسم؛ الأمر wasl check يعرضها.'],
  ),
  ENGINE_UNREACHABLE: words(
    'it',
    ['The engine does not answer.', 'Start it with `wasl start`, or name its address.'],
    ['المحرك لا يستجيب.', 'شغّله بالأمر wasl start أو حدّد عنوانه.'],
  ),
  FILE_UNREADABLE: words('it', ['The file cannot be read.', FILE], ['تعذّرت قراءة الملف.', FILE_AR]),
  FILE_NOT_JSON: words('it', ['The file is not JSON.', FILE], ['الملف ليس JSON.', FILE_AR]),
  FILE_NOT_UTF8: words(
    'it',
    ['The file is not UTF-8 text.', 'Save it as UTF-8 and run the command again.'],
    ['الملف ليس نص UTF-8.', 'احفظه بترميز UTF-8 ثم نفّذ الأمر من جديد.'],
  ),
  NO_EDITOR: words(
    'it',
    ['No editor is named in the environment.', 'Set EDITOR, or save a file with wasl mappings save.'],
    ['لم يُحدَّد محرّر نصوص في البيئة.', 'عيّن EDITOR أو احفظ ملفًا بالأمر wasl mappings save.'],
  ),
  EDITOR_FAILED: words(
    'it',
    [
      'The editor ended with an error; nothing was saved.',
      'Set EDITOR to a program that waits, and try again.',
    ],
    ['انتهى المحرّر بخطأ ولم يُحفظ شيء.', 'عيّن في EDITOR برنامجًا ينتظر إغلاق الملف ثم أعد المحاولة.'],
  ),
  FILE_SHAPE: words('it', ['The file is not built as it must be.', FILE], ['بنية الملف غير صحيحة.', FILE_AR]),
  FILE_FORMAT: words(
    'it',
    ['The kind of the file is not known.', 'Give JSON, NDJSON or CSV.'],
    ['نوع الملف غير معروف.', 'استخدم JSON أو NDJSON أو CSV.'],
  ),
  FILE_HEADER: words(
    'it',
    ['The first line of the CSV file is not as it must be.', FILE],
    ['السطر الأول في ملف CSV غير صحيح.', FILE_AR],
  ),
  FILE_ROW_TOO_LONG: words(
    'it',
    ['A row of the file is longer than is taken.', FILE],
    ['أحد صفوف الملف أطول من المسموح.', FILE_AR],
  ),
  FILE_CUT_OFF: words(
    'it',
    ['The file ends in the middle.', 'Export it again.'],
    ['الملف مبتور.', 'صدّره من جديد.'],
  ),
  FILE_THERE: words(
    'it',
    ['A file of that name is there already.', 'Choose another name, or remove the file.'],
    ['يوجد ملف بهذا الاسم.', 'اختر اسمًا آخر أو أزل الملف.'],
  ),
  MODULE_THERE: words(
    'it',
    ['There is a module of that name already.', 'Choose another name.'],
    ['توجد وحدة بهذا الاسم.', 'اختر اسمًا آخر.'],
  ),
  CONNECTOR_THERE: words(
    'it',
    ['There is a connector of that name already.', 'Choose another name.'],
    ['يوجد موصّل بهذا الاسم.', 'اختر اسمًا آخر.'],
  ),
  UNKNOWN_RESOURCE: words(
    'it',
    ['The connector has no resource of that name.', 'Correct the name; `wasl docs` lists them.'],
    ['لا يملك الموصّل موردًا بهذا الاسم.', 'صحّح الاسم؛ الأمر wasl docs يعرضها.'],
  ),
  UNKNOWN_FIELD: words(
    'it',
    ['A pipeline or mapping names a field that there is not.', 'Correct the name; `wasl check` says where.'],
    ['مسار أو ربط يذكر حقلًا غير موجود.', 'صحّح الاسم؛ الأمر wasl check يحدد الموضع.'],
  ),
}
