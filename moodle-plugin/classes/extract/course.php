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
 * A course as the backend reads it, and whether its category is one that is told.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class course {
    /**
     * The course as it is now.
     *
     * @param stdClass $row of the outbox
     * @return array
     * @throws nothing_to_tell
     */
    public static function now(stdClass $row): array {
        $course = self::told((int) $row->courseid);
        return [
            'id' => (string) $course->id,
            'fullname' => $course->fullname,
            'shortname' => $course->shortname,
            'idnumber' => $course->idnumber,
            'categoryid' => (string) $course->category,
            'visible' => (int) $course->visible,
            'startdate' => (int) $course->startdate,
            'enddate' => (int) $course->enddate,
            'timecreated' => (int) $course->timecreated,
            'timemodified' => max((int) $course->timemodified, (int) $row->timecreated),
        ];
    }

    /**
     * The course as it was.
     *
     * @param base $event
     * @return array
     */
    public static function deleted(base $event): array {
        $was = array_intersect_key((array) $event->other, array_flip(['shortname', 'fullname', 'idnumber']));
        return ['id' => (string) $event->objectid] + array_map('strval', $was) + [
            'deleted' => 1,
            'timemodified' => (int) $event->timecreated,
        ];
    }

    /**
     * A course whose events are told.
     *
     * @param int $courseid
     * @return stdClass
     * @throws nothing_to_tell
     */
    public static function told(int $courseid): stdClass {
        global $DB;
        if ($courseid === (int) SITEID) {
            throw new nothing_to_tell('site_course');
        }
        $course = $DB->get_record('course', ['id' => $courseid]);
        if (!$course) {
            throw new nothing_to_tell('gone');
        }
        $included = settings::categories();
        if ($included !== []) {
            $path = (string) $DB->get_field('course_categories', 'path', ['id' => $course->category]);
            if (array_intersect($included, array_map('intval', explode('/', $path))) === []) {
                throw new nothing_to_tell('category');
            }
        }
        return $course;
    }
}
