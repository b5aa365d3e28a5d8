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

namespace local_moodle_zoho_sync\extract;

use core\event\base;
use local_moodle_zoho_sync\settings;
use stdClass;

/**
 * A user in a course. Moodle may hold several enrolments of such a pair; the backend knows the pair.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class enrolment {
    /**
     * The pair as it is now.
     *
     * @param stdClass $row of the outbox
     * @return array
     * @throws nothing_to_tell
     */
    public static function now(stdClass $row): array {
        $course = course::told((int) $row->courseid);
        $enrolment = self::effective((int) $row->userid, (int) $course->id);
        if ($enrolment === null) {
            throw new nothing_to_tell('gone');
        }
        $roles = get_user_roles(\context_course::instance($course->id), $row->userid, true);
        $role = user::role(array_map(static fn($assignment): int => (int) $assignment->roleid, array_values($roles)));
        if ($role !== 'student') {
            throw new nothing_to_tell('no_student_role');
        }
        return [
            'enrollment_id' => (string) $enrolment->id,
            'userid' => (string) $row->userid,
            'courseid' => (string) $course->id,
            'role' => $role,
            'status' => (int) $enrolment->status,
            'timestart' => (int) $enrolment->timestart,
            'timeend' => (int) $enrolment->timeend,
            'enrol_method' => $enrolment->enrol,
            'course_name' => $course->fullname,
            'timecreated' => (int) $enrolment->timecreated,
            'timemodified' => max((int) $enrolment->timemodified, (int) $row->timecreated),
        ];
    }

    /**
     * The enrolment that counts: an active one before a suspended one, then the oldest.
     *
     * @param int $userid
     * @param int $courseid
     * @return stdClass|null with `enrol`, and `status` 0 only where its method is on too
     */
    private static function effective(int $userid, int $courseid): ?stdClass {
        global $DB;
        $rows = $DB->get_records_sql(
            'SELECT ue.id, ue.timestart, ue.timeend, ue.timecreated, ue.timemodified, e.enrol,
                    CASE WHEN ue.status = 0 AND e.status = 0 THEN 0 ELSE 1 END AS status
               FROM {user_enrolments} ue
               JOIN {enrol} e ON e.id = ue.enrolid
              WHERE ue.userid = :userid AND e.courseid = :courseid
           ORDER BY 7, 1',
            ['userid' => $userid, 'courseid' => $courseid]
        );
        return $rows ? reset($rows) : null;
    }

    /**
     * The pair as it was.
     *
     * @param base $event
     * @param stdClass $gone the row of user_enrolments
     * @return array
     */
    public static function deleted(base $event, stdClass $gone): array {
        return [
            'enrollment_id' => (string) $event->objectid,
            'userid' => (string) $event->relateduserid,
            'courseid' => (string) $event->courseid,
            'status' => 1,
            'timestart' => (int) ($gone->timestart ?? 0),
            'timeend' => (int) ($gone->timeend ?? 0),
            'enrol_method' => (string) ($event->other['enrol'] ?? ''),
            'deleted' => 1,
            'timemodified' => (int) $event->timecreated,
        ];
    }
}
