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

use local_moodle_zoho_sync\extract\nothing_to_tell;
use stdClass;

/**
 * Turns a row into the bytes that are sent, once.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class extractor {
    /**
     * Gives the row its payload and subject, or says that there is nothing to tell.
     *
     * @param stdClass $row of the outbox
     * @throws nothing_to_tell
     */
    public static function prepare(stdClass $row): void {
        if ($row->payload !== null) {
            return;
        }
        self::follow($row);
        $data = $row->facts === null ? self::now($row) : json_decode($row->facts, true, 32, JSON_THROW_ON_ERROR);
        $subject = self::subject($row, $data);
        $hash = envelope::hash($data + ['deleted' => 0]);
        $before = outbox::told_before($subject, (int) $row->id);
        $told = $before && $before->contenthash === $hash && $before->act === $row->act && $before->state !== outbox::DEAD;
        if ($told) {
            throw new nothing_to_tell('told');
        }
        outbox::update($row, [
            'subject' => $subject,
            'contenthash' => $hash,
            'payload' => envelope::of($row, $data),
        ]);
    }

    /**
     * What the row is about, as it is now.
     *
     * @param stdClass $row of the outbox
     * @return array
     * @throws nothing_to_tell
     */
    private static function now(stdClass $row): array {
        switch (self::kind($row)) {
            case 'user':
                return extract\user::now($row);
            case 'enrollment':
                return extract\enrolment::now($row);
            case 'course':
                return extract\course::now($row);
            case 'grade':
                return extract\grade::now($row);
        }
        throw new \coding_exception('The outbox holds an event of an unknown type', $row->type);
    }

    /**
     * A role in a course decides whether the enrolment there is told at all, and Moodle gives it after the enrolment.
     *
     * @param stdClass $row of the outbox
     */
    private static function follow(stdClass $row): void {
        global $DB;
        if (self::kind($row) !== 'user' || !$row->courseid || !settings::tells('enrolments')) {
            return;
        }
        $same = ['userid' => $row->userid, 'courseid' => $row->courseid, 'act' => $row->act];
        $type = $DB->sql_like('type', ':type');
        $params = $same + ['type' => 'enrollment_%', 'rowid' => $row->id];
        $where = "userid = :userid AND courseid = :courseid AND act = :act AND $type";
        // A row of the same act comes before (enrolling) or behind (unenrolling) and tells it anyway.
        if (!$DB->record_exists_select(outbox::TABLE, "$where AND id <> :rowid", $params)) {
            outbox::add($same + ['type' => 'enrollment_updated', 'origin' => $row->origin, 'actorid' => $row->actorid]);
        }
    }

    /**
     * The first part of the type.
     *
     * @param stdClass $row of the outbox
     * @return string
     */
    private static function kind(stdClass $row): string {
        return substr($row->type, 0, (int) strpos($row->type, '_'));
    }

    /**
     * The object at the backend.
     *
     * @param stdClass $row of the outbox
     * @param array $data
     * @return string
     */
    private static function subject(stdClass $row, array $data): string {
        switch (self::kind($row)) {
            case 'enrollment':
                return "enrollment:{$row->userid}_{$row->courseid}";
            case 'grade':
                return "grade:{$row->userid}_" . ($data['assignmentid'] ?? 'i' . $data['itemid']);
            case 'course':
                return "course:{$row->courseid}";
            default:
                return "user:{$row->userid}";
        }
    }
}
