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
 * A user as the backend reads it.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class user {
    /**
     * The user as he is now.
     *
     * @param stdClass $row of the outbox
     * @return array
     * @throws nothing_to_tell
     */
    public static function now(stdClass $row): array {
        global $DB;
        $user = $DB->get_record('user', ['id' => $row->userid]);
        if (!$user || $user->deleted) {
            throw new nothing_to_tell('gone');
        }
        if (isguestuser($user)) {
            throw new nothing_to_tell('guest');
        }
        $roles = self::roles((int) $user->id);
        return self::payload($user) + [
            'role' => self::role(array_keys($roles)),
            'roles' => array_values(array_unique($roles)),
            'timecreated' => (int) $user->timecreated,
            // A new role leaves the user's own time as it was.
            'timemodified' => max((int) $user->timemodified, (int) $row->timecreated),
        ];
    }

    /**
     * The user as he was before his row was anonymised.
     *
     * @param base $event
     * @return array
     */
    public static function deleted(base $event): array {
        $was = array_intersect_key((array) $event->other, array_flip(['username', 'email', 'idnumber']));
        return ['id' => (string) $event->objectid] + array_map('strval', $was) + [
            'deleted' => 1,
            'timemodified' => (int) $event->timecreated,
        ];
    }

    /**
     * Columns of the user table that are told.
     *
     * @param stdClass $user
     * @return array
     */
    private static function payload(stdClass $user): array {
        $payload = ['id' => (string) $user->id];
        $columns = ['username', 'email', 'firstname', 'lastname', 'idnumber', 'auth', 'phone1', 'phone2', 'city', 'country'];
        foreach ($columns as $column) {
            $payload[$column] = (string) $user->$column;
        }
        return $payload + ['deleted' => 0, 'suspended' => (int) $user->suspended];
    }

    /**
     * The roles that a user has anywhere.
     *
     * @param int $userid
     * @return string[] short names by role id
     */
    private static function roles(int $userid): array {
        global $DB;
        return $DB->get_records_sql_menu(
            'SELECT DISTINCT r.id, r.shortname
               FROM {role_assignments} ra
               JOIN {role} r ON r.id = ra.roleid
              WHERE ra.userid = :userid',
            ['userid' => $userid]
        );
    }

    /**
     * What a person with these roles is to the backend.
     *
     * @param int[] $roleids
     * @return string student, teacher, or empty for neither
     */
    public static function role(array $roleids): string {
        $is = array_filter(
            ['student', 'teacher'],
            static fn(string $as): bool => array_intersect(settings::roles($as), $roleids) !== []
        );
        return count($is) === 2 ? settings::winning_role() : (string) reset($is);
    }
}
