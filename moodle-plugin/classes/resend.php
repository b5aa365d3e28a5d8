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

namespace local_moodle_zoho_sync;

/**
 * Tells again, as new events, what Moodle holds: after a mistake in the settings, or to begin with.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class resend {
    /**
     * A course with its students, their enrolments and grades.
     *
     * @param int $courseid
     * @return int how many events were recorded
     */
    public static function course(int $courseid): int {
        global $DB;
        extract\course::told($courseid);
        $count = self::add('courses', ['type' => 'course_updated', 'courseid' => $courseid]);
        $users = $DB->get_fieldset_sql(
            'SELECT DISTINCT ue.userid
               FROM {user_enrolments} ue
               JOIN {enrol} e ON e.id = ue.enrolid
               JOIN {user} u ON u.id = ue.userid AND u.deleted = 0
              WHERE e.courseid = :courseid
           ORDER BY ue.userid',
            ['courseid' => $courseid]
        );
        foreach ($users as $userid) {
            $count += self::add('users', ['type' => 'user_updated', 'userid' => $userid]);
            $count += self::add('enrolments', ['type' => 'enrollment_updated', 'userid' => $userid, 'courseid' => $courseid]);
        }
        $grades = $DB->get_recordset_sql(
            "SELECT gg.id, gg.userid, gg.itemid
               FROM {grade_grades} gg
               JOIN {grade_items} gi ON gi.id = gg.itemid AND gi.itemtype IN ('mod', 'manual')
               JOIN {user} u ON u.id = gg.userid AND u.deleted = 0
              WHERE gi.courseid = :courseid AND gg.finalgrade IS NOT NULL
           ORDER BY gg.id",
            ['courseid' => $courseid]
        );
        foreach ($grades as $grade) {
            $count += self::add('grades', [
                'type' => 'grade_updated',
                'userid' => $grade->userid,
                'courseid' => $courseid,
                'itemid' => $grade->itemid,
            ]);
        }
        $grades->close();
        return $count;
    }

    /**
     * Records an event if its kind is told.
     *
     * @param string $kind
     * @param array $columns
     * @return int 1 if it was
     */
    private static function add(string $kind, array $columns): int {
        if (!settings::tells($kind)) {
            return 0;
        }
        outbox::add($columns);
        return 1;
    }
}
