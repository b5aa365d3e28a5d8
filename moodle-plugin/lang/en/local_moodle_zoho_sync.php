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
 * English strings.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$string['backendurl'] = 'Backend address';
$string['backendurl_desc'] = 'Where Wasl listens, such as https://wasl.college.example. Moodle asks only hosts and ports that <em>HTTP security</em> allows: localhost, private addresses and every port but 80 and 443 are blocked until they are allowed there.';
$string['categories'] = 'Categories';
$string['categories_desc'] = 'Only courses in these categories, and in those below them, are told, with their enrolments and grades. None chosen: all.';
$string['checkdead'] = 'Events were given up: {$a}. They can be retried in the event log.';
$string['checkdelivery'] = 'Wasl: delivery of events';
$string['checkgood'] = 'Events reach the backend.';
$string['checklate'] = 'The oldest event has waited since {$a}.';
$string['checkobserver'] = 'An event was lost at {$a->time} ({$a->event}): {$a->message}. "cli/resend.php" tells a course again.';
$string['checkrefused'] = 'Events that the backend refused or failed at: {$a}.';
$string['cli_resend'] = 'Tells a course again as new events, with its users, enrolments and grades.

  --course=ID    id of the course
  -h, --help';
$string['cli_retry'] = 'Makes events wait for delivery again; the same bytes are sent under the same id.

  --failed       all that were given up, or failed or were refused at the backend
  --ids=1,2,3    these
  -h, --help';
$string['cli_send'] = 'Sends what waits in the outbox.

  --now          do not wait for the next try after a failure
  --seconds=N    begin no further event after N seconds (default 3600)
  -h, --help

Exit code 1: the backend did not take them.';
$string['column_action'] = 'Action';
$string['column_courseid'] = 'Course id';
$string['column_eventid'] = 'Id at the backend';
$string['column_grade'] = 'BTEC grade';
$string['column_httpstatus'] = 'Last HTTP status';
$string['column_id'] = 'Number';
$string['column_message'] = 'Message';
$string['column_outcome'] = 'Outcome';
$string['column_reason'] = 'Reason';
$string['column_state'] = 'State';
$string['column_timecreated'] = 'Time';
$string['column_tries'] = 'Failed tries';
$string['column_type'] = 'Type';
$string['column_userid'] = 'About';
$string['connection'] = 'Connection';
$string['deadafterdays'] = 'Give up after (days)';
$string['deadafterdays_desc'] = 'An event that cannot be delivered for so long becomes a dead letter: it stays in the log and can be retried by hand.';
$string['delivery'] = 'Delivery';
$string['door'] = 'Path';
$string['door_desc'] = 'Events go to an address of their own type, or all to one.';
$string['endpoint'] = 'Endpoint';
$string['endpoint_desc'] = 'The id of the Moodle endpoint in Wasl. May stay empty where Wasl serves few colleges.';
$string['errorblocked'] = 'Moodle blocks the backend\'s host or port, or its name is unknown. See Site administration > General > Security > HTTP security.';
$string['errorcourse'] = 'Course {$a->id} is not sent: {$a->reason}.';
$string['errorids'] = '"{$a}" is no list of numbers with commas.';
$string['errorrunning'] = 'Another process is sending.';
$string['errorseconds'] = '"--seconds={$a}" is no number of seconds from 1 on.';
$string['errorsecret'] = 'The signing secret is not of the form whsec_ and base64 of at least 16 bytes.';
$string['errorunauthorized'] = 'The backend refuses the signature (HTTP {$a}): secret, endpoint or tenant do not fit, or the clocks differ by more than 5 minutes.';
$string['event'] = 'Event';
$string['eventlog'] = 'Wasl event log';
$string['eventnumber'] = 'Event {$a}';
$string['ivroles'] = 'Roles of internal verifiers';
$string['ivroles_desc'] = 'A grade by somebody with one of these roles at the assignment, or with the capability local/moodle_zoho_sync:internalverifier there, is told as an internal verifier\'s.';
$string['keepdays'] = 'Keep the log for (days)';
$string['keepdays_desc'] = 'Events that ended, dead letters too, are removed after this time. They hold personal data.';
$string['logsummary'] = 'Waiting: {$a->waiting}. Sent, not finished: {$a->sent}. Done: {$a->done}. Nothing to tell: {$a->skipped}. Given up: {$a->dead}. Refused or failed at the backend: {$a->refused}.';
$string['moodle_zoho_sync:internalverifier'] = 'Grade as an internal verifier';
$string['moodle_zoho_sync:retry'] = 'Send events to Wasl again';
$string['moodle_zoho_sync:viewgrades'] = 'Read grades through the web service, as they are told to Wasl';
$string['moodle_zoho_sync:viewlog'] = 'See Wasl\'s event log';
$string['moodle_zoho_sync:viewoutcomes'] = 'Read BTEC outcomes through the web service';
$string['nothingdone'] = 'Nothing was sent: no secret is set, or another process is sending.';
$string['notread'] = 'Its data is not read yet, or there was nothing to tell.';
$string['notready'] = 'No signing secret is set: events are recorded, but none is sent.';
$string['people'] = 'Who is who';
$string['pluginname'] = 'Wasl: Moodle and Zoho CRM';
$string['privacy:outbox'] = 'Events that are sent to Wasl, kept until the log\'s time is up.';
$string['privacy:outbox:actorid'] = 'Who set it off';
$string['privacy:outbox:courseid'] = 'The course where it happened';
$string['privacy:outbox:facts'] = 'What a deleted user, enrolment or grade was';
$string['privacy:outbox:grade'] = 'The BTEC grade that Wasl made of it';
$string['privacy:outbox:payload'] = 'The data that is sent';
$string['privacy:outbox:timecreated'] = 'When it happened';
$string['privacy:outbox:type'] = 'What happened';
$string['privacy:outbox:userid'] = 'Whom the event is about';
$string['privacy:wasl'] = 'Wasl, the college\'s engine that keeps Zoho CRM and Moodle in step.';
$string['privacy:wasl:account'] = 'Username, names, email, ID number, phone numbers, city, country, role and status of the account';
$string['privacy:wasl:enrolments'] = 'Enrolments in courses with their dates and status';
$string['privacy:wasl:grader'] = 'Name of who graded';
$string['privacy:wasl:grades'] = 'Released grades with feedback and the criteria that were met';
$string['reason_category'] = 'The course\'s category is not told';
$string['reason_gone'] = 'It is not there any more';
$string['reason_guest'] = 'The guest account';
$string['reason_identities_hidden'] = 'The students\' identities are hidden';
$string['reason_kept'] = 'The other system leads here; its value was kept';
$string['reason_no_grade'] = 'There is no grade';
$string['reason_no_role_yet'] = 'The user is neither student nor teacher yet';
$string['reason_no_student_role'] = 'The user has no student role in the course';
$string['reason_not_released'] = 'The marking workflow has not released it';
$string['reason_site_course'] = 'The front page is no course';
$string['reason_told'] = 'An earlier event of the same request told it';
$string['reason_total'] = 'A total or an outcome of Moodle';
$string['reason_unlinked'] = 'Its record there was kept and is no longer linked';
$string['resent'] = 'Events recorded: {$a}';
$string['retried'] = 'Events that will be sent again: {$a}';
$string['retry'] = 'Send again';
$string['retryfailed'] = 'Send all that failed again';
$string['retryselected'] = 'Send the chosen ones again';
$string['rolewins'] = 'With roles of both';
$string['rolewins_desc'] = 'What a person is told as who is a student in one place and a teacher in another.';
$string['rolewins_student'] = 'Student';
$string['rolewins_teacher'] = 'Teacher';
$string['secret'] = 'Signing secret';
$string['secret_desc'] = 'As Wasl shows it for its Moodle endpoint: it begins with whsec_. Every event is signed with it (Standard Webhooks).';
$string['sectionnone'] = 'The format of this course has no sections';
$string['sectiontoofar'] = 'This course may have no more than {$a} sections';
$string['sendcourses'] = 'Courses';
$string['sendcourses_desc'] = 'Courses made, changed and deleted.';
$string['sendenrolments'] = 'Enrolments';
$string['sendenrolments_desc'] = 'Enrolments of students made, changed and ended.';
$string['sendgrades'] = 'Grades';
$string['sendgrades_desc'] = 'Released grades of activities and manual grade items, with the criteria of the BTEC form. Course totals are left out.';
$string['sendusers'] = 'Users';
$string['sendusers_desc'] = 'Users made, changed and deleted, and roles given and taken.';
$string['sentsummary'] = 'Sent: {$a->sent}. Nothing to tell: {$a->skipped}. Given up: {$a->dead}.';
$string['serviceuser'] = 'Wasl\'s own account';
$string['serviceuser_desc'] = 'Username of the account by which Wasl writes to Moodle. What it does is no news to Wasl and is not sent.';
$string['state_dead'] = 'Given up';
$string['state_done'] = 'Done';
$string['state_sent'] = 'Sent';
$string['state_skipped'] = 'Nothing to tell';
$string['state_waiting'] = 'Waiting';
$string['stoppedtime'] = 'The time of this run is up; the next one goes on.';
$string['stoppedwait'] = 'After a failure the next try is due at {$a}.';
$string['studentroles'] = 'Roles of students';
$string['studentroles_desc'] = 'Whoever has one of these roles anywhere is told as a student. Only enrolments with such a role in the course are told.';
$string['taskcleanup'] = 'Remove old events of Wasl';
$string['tasksend'] = 'Send events to Wasl';
$string['taskwakeup'] = 'Send events to Wasl, soon';
$string['teacherroles'] = 'Roles of teachers';
$string['teacherroles_desc'] = 'Whoever has one of these roles anywhere is told as a teacher.';
$string['tenant'] = 'College (tenant)';
$string['tenant_desc'] = 'The id of the college in Wasl. May stay empty: the secret belongs to one college.';
$string['testbad'] = 'The saved settings do not work. {$a}';
$string['testconnection'] = 'Test connection';
$string['testgood'] = '{$a} answers and accepts the signature.';
$string['wakeup'] = 'Send soon';
$string['wakeup_desc'] = 'Queue a task with the first event of each request, so that it is sent within seconds. Without it the scheduled task sends every minute.';
$string['what'] = 'What is told';
