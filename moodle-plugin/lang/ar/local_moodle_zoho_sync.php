<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Arabic strings.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$string['backendurl'] = 'عنوان الخادم';
$string['backendurl_desc'] = 'العنوان الذي يستمع عليه وصل، مثل https://wasl.college.example. لا يتصل مودل إلا بالمضيفين والمنافذ التي يسمح بها «أمان HTTP»: فالمضيف localhost والعناوين الخاصة وكل منفذ غير 80 و443 محجوبة حتى يُسمح بها هناك.';
$string['categories'] = 'التصنيفات';
$string['categories_desc'] = 'تُرسل فقط المقررات في هذه التصنيفات وما تحتها، مع تسجيلاتها ودرجاتها. إن لم يُختر شيء: الكل.';
$string['checkdead'] = 'أحداث توقفت محاولتها: {$a}. يمكن إعادة إرسالها من سجل الأحداث.';
$string['checkdelivery'] = 'وصل: تسليم الأحداث';
$string['checkgood'] = 'تصل الأحداث إلى الخادم.';
$string['checklate'] = 'أقدم حدث ينتظر منذ {$a}.';
$string['checkobserver'] = 'ضاع حدث في {$a->time} ({$a->event}): {$a->message}. يعيد "cli/resend.php" إرسال مقرر.';
$string['checkrefused'] = 'أحداث رفضها الخادم أو فشل فيها: {$a}.';
$string['cli_resend'] = 'يرسل مقررًا من جديد بأحداث جديدة، مع مستخدميه وتسجيلاته ودرجاته.

  --course=ID    معرّف المقرر
  -h, --help';
$string['cli_retry'] = 'يعيد الأحداث إلى الانتظار؛ تُرسل البايتات نفسها بالمعرّف نفسه.

  --failed       كل ما توقفت محاولته أو فشل أو رُفض في الخادم
  --ids=1,2,3    هذه فقط
  -h, --help';
$string['cli_send'] = 'يرسل ما ينتظر في صندوق الصادر.

  --now          عدم انتظار موعد المحاولة التالية بعد إخفاق
  --seconds=N    عدم بدء حدث جديد بعد N ثانية (الافتراضي 3600)
  -h, --help

رمز الخروج 1: لم يقبلها الخادم.';
$string['column_action'] = 'الإجراء';
$string['column_courseid'] = 'معرّف المقرر';
$string['column_eventid'] = 'المعرّف في الخادم';
$string['column_grade'] = 'درجة BTEC';
$string['column_httpstatus'] = 'آخر حالة HTTP';
$string['column_id'] = 'الرقم';
$string['column_message'] = 'الرسالة';
$string['column_outcome'] = 'النتيجة';
$string['column_reason'] = 'السبب';
$string['column_state'] = 'الحالة';
$string['column_timecreated'] = 'الوقت';
$string['column_tries'] = 'محاولات فاشلة';
$string['column_type'] = 'النوع';
$string['column_userid'] = 'بخصوص';
$string['connection'] = 'الاتصال';
$string['deadafterdays'] = 'التوقف عن المحاولة بعد (أيام)';
$string['deadafterdays_desc'] = 'الحدث الذي يتعذر تسليمه كل هذه المدة يُعد ميتًا: يبقى في السجل ويمكن إعادة إرساله يدويًا.';
$string['delivery'] = 'التسليم';
$string['door'] = 'المسار';
$string['door_desc'] = 'تُرسل الأحداث إلى عنوان لكل نوع، أو كلها إلى عنوان واحد.';
$string['endpoint'] = 'نقطة الاستقبال';
$string['endpoint_desc'] = 'معرّف نقطة مودل في وصل. يمكن تركه فارغًا إذا كان وصل يخدم كليات قليلة.';
$string['errorblocked'] = 'يحجب مودل مضيف الخادم أو منفذه، أو أن اسمه غير معروف. انظر: إدارة الموقع > عام > الأمان > أمان HTTP.';
$string['errorcourse'] = 'لا يُرسل المقرر {$a->id}: {$a->reason}.';
$string['errorids'] = '"{$a}" ليست قائمة أرقام بفواصل.';
$string['errorrunning'] = 'عملية أخرى ترسل الآن.';
$string['errorseconds'] = '«‎--seconds={$a}» ليس عددًا من الثواني يبدأ من 1.';
$string['errorsecret'] = 'سر التوقيع ليس بالشكل whsec_‎ يليه base64 من 16 بايت على الأقل.';
$string['errorunauthorized'] = 'يرفض الخادم التوقيع (HTTP {$a}): السر أو نقطة الاستقبال أو الكلية غير صحيحة، أو أن الساعتين تختلفان بأكثر من 5 دقائق.';
$string['event'] = 'حدث';
$string['eventlog'] = 'سجل أحداث وصل';
$string['eventnumber'] = 'الحدث {$a}';
$string['ivroles'] = 'أدوار المدققين الداخليين';
$string['ivroles_desc'] = 'الدرجة التي يمنحها من له أحد هذه الأدوار في الواجب، أو له هناك القدرة local/moodle_zoho_sync:internalverifier، تُرسل على أنها لمدقق داخلي.';
$string['keepdays'] = 'الاحتفاظ بالسجل لمدة (أيام)';
$string['keepdays_desc'] = 'تُحذف الأحداث المنتهية، ومنها الميتة، بعد هذه المدة. وهي تحوي بيانات شخصية.';
$string['logsummary'] = 'بالانتظار: {$a->waiting}. أُرسل ولم ينته: {$a->sent}. انتهى: {$a->done}. لا شيء يُرسل: {$a->skipped}. توقفت محاولته: {$a->dead}. رُفض أو فشل في الخادم: {$a->refused}.';
$string['moodle_zoho_sync:internalverifier'] = 'التقييم بصفة مدقق داخلي';
$string['moodle_zoho_sync:retry'] = 'إعادة إرسال الأحداث إلى وصل';
$string['moodle_zoho_sync:viewgrades'] = 'قراءة الدرجات عبر خدمة الويب كما تُرسل إلى وصل';
$string['moodle_zoho_sync:viewlog'] = 'عرض سجل أحداث وصل';
$string['moodle_zoho_sync:viewoutcomes'] = 'قراءة مخرجات BTEC عبر خدمة الويب';
$string['nothingdone'] = 'لم يُرسل شيء: لم يُضبط السر، أو أن عملية أخرى ترسل.';
$string['notread'] = 'لم تُقرأ بياناته بعد، أو لم يكن هناك ما يُرسل.';
$string['notready'] = 'لم يُضبط سر التوقيع: تُسجَّل الأحداث ولا يُرسل أي منها.';
$string['people'] = 'من هو من';
$string['pluginname'] = 'وصل: مودل وزوهو CRM';
$string['privacy:outbox'] = 'أحداث تُرسل إلى وصل، تُحفظ حتى انتهاء مدة السجل.';
$string['privacy:outbox:actorid'] = 'من تسبب فيه';
$string['privacy:outbox:courseid'] = 'المقرر الذي حدث فيه';
$string['privacy:outbox:facts'] = 'ما كان عليه مستخدم أو تسجيل أو درجة قبل الحذف';
$string['privacy:outbox:grade'] = 'درجة BTEC التي حسبها وصل';
$string['privacy:outbox:payload'] = 'البيانات المرسلة';
$string['privacy:outbox:timecreated'] = 'وقت حدوثه';
$string['privacy:outbox:type'] = 'ما الذي حدث';
$string['privacy:outbox:userid'] = 'من يخصه الحدث';
$string['privacy:wasl'] = 'وصل، محرك الكلية الذي يبقي زوهو CRM ومودل متوافقين.';
$string['privacy:wasl:account'] = 'اسم المستخدم والأسماء والبريد ورقم التعريف والهواتف والمدينة والبلد والدور وحالة الحساب';
$string['privacy:wasl:enrolments'] = 'التسجيلات في المقررات مع تواريخها وحالتها';
$string['privacy:wasl:grader'] = 'اسم من منح الدرجة';
$string['privacy:wasl:grades'] = 'الدرجات المعلنة مع الملاحظات والمعايير المستوفاة';
$string['reason_category'] = 'تصنيف المقرر غير مشمول';
$string['reason_gone'] = 'لم يعد موجودًا';
$string['reason_guest'] = 'حساب الضيف';
$string['reason_identities_hidden'] = 'هويات الطلاب مخفية';
$string['reason_kept'] = 'القيادة هنا للنظام الآخر، فبقيت قيمته';
$string['reason_no_grade'] = 'لا توجد درجة';
$string['reason_no_role_yet'] = 'ليس المستخدم طالبًا ولا معلمًا بعد';
$string['reason_no_student_role'] = 'ليس للمستخدم دور طالب في المقرر';
$string['reason_not_released'] = 'لم يعلنها سير عمل التصحيح';
$string['reason_site_course'] = 'الصفحة الرئيسية ليست مقررًا';
$string['reason_told'] = 'أرسله حدث سابق من الطلب نفسه';
$string['reason_total'] = 'مجموع أو مخرج تعلّم خاص بمودل';
$string['reason_unlinked'] = 'بقي سجله هناك ولم يعد مرتبطًا';
$string['resent'] = 'أحداث سُجلت: {$a}';
$string['retried'] = 'أحداث ستُرسل مرة أخرى: {$a}';
$string['retry'] = 'إعادة الإرسال';
$string['retryfailed'] = 'إعادة إرسال كل ما فشل';
$string['retryselected'] = 'إعادة إرسال المختار';
$string['rolewins'] = 'من له الدوران معًا';
$string['rolewins_desc'] = 'كيف يُرسل شخص هو طالب في مكان ومعلم في آخر.';
$string['rolewins_student'] = 'طالب';
$string['rolewins_teacher'] = 'معلم';
$string['secret'] = 'سر التوقيع';
$string['secret_desc'] = 'كما يعرضه وصل لنقطة مودل: يبدأ بـ whsec_‎. يُوقَّع به كل حدث (Standard Webhooks).';
$string['sectionnone'] = 'تنسيق هذا المقرر بلا أقسام';
$string['sectiontoofar'] = 'لا يجوز أن تزيد أقسام هذا المقرر على {$a}';
$string['sendcourses'] = 'المقررات';
$string['sendcourses_desc'] = 'إنشاء المقررات وتعديلها وحذفها.';
$string['sendenrolments'] = 'التسجيلات في المقررات';
$string['sendenrolments_desc'] = 'إنشاء تسجيلات الطلاب وتعديلها وإنهاؤها.';
$string['sendgrades'] = 'الدرجات';
$string['sendgrades_desc'] = 'الدرجات المعلنة للأنشطة وبنود الدرجات اليدوية، مع معايير نموذج BTEC. لا تُرسل مجاميع المقررات.';
$string['sendusers'] = 'المستخدمون';
$string['sendusers_desc'] = 'إنشاء المستخدمين وتعديلهم وحذفهم، ومنح الأدوار وسحبها.';
$string['sentsummary'] = 'أُرسل: {$a->sent}. لا شيء يُرسل: {$a->skipped}. توقفت محاولته: {$a->dead}.';
$string['serviceuser'] = 'حساب وصل الخاص';
$string['serviceuser_desc'] = 'اسم مستخدم الحساب الذي يكتب به وصل في مودل. ما يفعله ليس جديدًا على وصل ولا يُرسل.';
$string['state_dead'] = 'توقفت محاولته';
$string['state_done'] = 'انتهى';
$string['state_sent'] = 'أُرسل';
$string['state_skipped'] = 'لا شيء يُرسل';
$string['state_waiting'] = 'بالانتظار';
$string['stoppedtime'] = 'انتهى وقت هذا التشغيل، ويكمل التالي.';
$string['stoppedwait'] = 'بعد إخفاق، المحاولة التالية في {$a}.';
$string['studentroles'] = 'أدوار الطلاب';
$string['studentroles_desc'] = 'من لديه أحد هذه الأدوار في أي مكان يُرسل على أنه طالب. ولا تُرسل إلا التسجيلات التي لها دور منها في المقرر.';
$string['taskcleanup'] = 'حذف أحداث وصل القديمة';
$string['tasksend'] = 'إرسال الأحداث إلى وصل';
$string['taskwakeup'] = 'إرسال الأحداث إلى وصل فورًا';
$string['teacherroles'] = 'أدوار المعلمين';
$string['teacherroles_desc'] = 'من لديه أحد هذه الأدوار في أي مكان يُرسل على أنه معلم.';
$string['tenant'] = 'الكلية (المستأجر)';
$string['tenant_desc'] = 'معرّف الكلية في وصل. يمكن تركه فارغًا لأن السر يخص كلية واحدة.';
$string['testbad'] = 'الإعدادات المحفوظة لا تعمل. {$a}';
$string['testconnection'] = 'اختبار الاتصال';
$string['testgood'] = 'يستجيب {$a} ويقبل التوقيع.';
$string['wakeup'] = 'الإرسال فورًا';
$string['wakeup_desc'] = 'وضع مهمة في الطابور مع أول حدث في كل طلب ليُرسل خلال ثوانٍ. من دونها ترسل المهمة المجدولة كل دقيقة.';
$string['what'] = 'ما الذي يُرسل';
