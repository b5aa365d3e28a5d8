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

namespace local_moodle_zoho_sync\privacy;

use core_privacy\local\metadata\collection;
use core_privacy\local\request\approved_contextlist;
use core_privacy\local\request\approved_userlist;
use core_privacy\local\request\contextlist;
use core_privacy\local\request\transform;
use core_privacy\local\request\userlist;
use core_privacy\local\request\writer;
use local_moodle_zoho_sync\outbox;

/**
 * Which personal data the outbox keeps, and which leaves the site.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class provider implements
    \core_privacy\local\request\core_userlist_provider,
    \core_privacy\local\metadata\provider,
    \core_privacy\local\request\plugin\provider {
    /**
     * Says what is kept and what is sent.
     *
     * @param collection $collection
     * @return collection
     */
    public static function get_metadata(collection $collection): collection {
        $describe = static fn(string $prefix, array $names): array => array_combine($names, array_map(
            static fn(string $name): string => "privacy:$prefix:$name",
            $names
        ));
        $collection->add_database_table(
            outbox::TABLE,
            $describe('outbox', ['userid', 'actorid', 'type', 'courseid', 'facts', 'payload', 'grade', 'timecreated']),
            'privacy:outbox'
        );
        $collection->add_external_location_link(
            'wasl',
            $describe('wasl', ['account', 'enrolments', 'grades', 'grader']),
            'privacy:wasl'
        );
        return $collection;
    }

    /**
     * All of it belongs to the site.
     *
     * @param int $userid
     * @return contextlist
     */
    public static function get_contexts_for_userid(int $userid): contextlist {
        $list = new contextlist();
        $list->add_from_sql(
            'SELECT c.id
               FROM {context} c
              WHERE c.contextlevel = :level
                    AND EXISTS (SELECT 1 FROM {' . outbox::TABLE . '} o WHERE o.userid = :userid OR o.actorid = :actorid)',
            ['level' => CONTEXT_SYSTEM, 'userid' => $userid, 'actorid' => $userid]
        );
        return $list;
    }

    /**
     * Everybody of whom something is kept.
     *
     * @param userlist $userlist
     */
    public static function get_users_in_context(userlist $userlist) {
        if (!$userlist->get_context() instanceof \context_system) {
            return;
        }
        $userlist->add_from_sql('userid', 'SELECT userid FROM {' . outbox::TABLE . '} WHERE userid IS NOT NULL', []);
        $userlist->add_from_sql('actorid', 'SELECT actorid FROM {' . outbox::TABLE . '} WHERE actorid > 0', []);
    }

    /**
     * Hands out the events about a user, and, without their content, those that he set off.
     *
     * @param approved_contextlist $contextlist
     */
    public static function export_user_data(approved_contextlist $contextlist) {
        global $DB;
        $userid = $contextlist->get_user()->id;
        foreach ($contextlist->get_contexts() as $context) {
            if (!$context instanceof \context_system) {
                continue;
            }
            $events = [];
            $rows = $DB->get_recordset_select(outbox::TABLE, 'userid = :userid OR actorid = :actorid', [
                'userid' => $userid,
                'actorid' => $userid,
            ], 'id');
            foreach ($rows as $row) {
                $about = $row->userid == $userid;
                $events[] = (object) [
                    'type' => $row->type,
                    'timecreated' => transform::datetime($row->timecreated),
                    'state' => $row->state,
                    'about' => transform::yesno($about),
                    'done_by' => transform::yesno($row->actorid == $userid),
                    'data' => $about ? $row->payload : null,
                ];
            }
            $rows->close();
            if ($events) {
                writer::with_context($context)->export_data(
                    [get_string('pluginname', 'local_moodle_zoho_sync')],
                    (object) ['events' => $events]
                );
            }
        }
    }

    /**
     * Removes everything.
     *
     * @param \context $context
     */
    public static function delete_data_for_all_users_in_context(\context $context) {
        global $DB;
        if ($context instanceof \context_system) {
            $DB->delete_records(outbox::TABLE);
        }
    }

    /**
     * Removes what is about one user.
     *
     * @param approved_contextlist $contextlist
     */
    public static function delete_data_for_user(approved_contextlist $contextlist) {
        foreach ($contextlist->get_contexts() as $context) {
            if ($context instanceof \context_system) {
                self::delete([$contextlist->get_user()->id]);
            }
        }
    }

    /**
     * Removes what is about several users.
     *
     * @param approved_userlist $userlist
     */
    public static function delete_data_for_users(approved_userlist $userlist) {
        if ($userlist->get_context() instanceof \context_system) {
            self::delete($userlist->get_userids());
        }
    }

    /**
     * Removes events about these users, and their name from those that they set off.
     *
     * @param int[] $userids
     */
    private static function delete(array $userids): void {
        global $DB;
        if ($userids === []) {
            return;
        }
        [$in, $params] = $DB->get_in_or_equal($userids, SQL_PARAMS_NAMED);
        $DB->delete_records_select(outbox::TABLE, "userid $in", $params);
        $DB->set_field_select(outbox::TABLE, 'actorid', 0, "actorid $in", $params);
    }
}
