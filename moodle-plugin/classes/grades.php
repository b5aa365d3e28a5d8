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

use local_moodle_zoho_sync\extract\grade;
use local_moodle_zoho_sync\extract\nothing_to_tell;

/**
 * Grades asked for instead of told: the same data as the events', by the same rules.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class grades {
    /**
     * One grade as an event would tell it now. Its `timemodified` is when anything of it was changed last.
     *
     * @param int $userid
     * @param int $assignmentid 0 where the item is none
     * @param int $itemid asked where there is no assignment's id
     * @return array
     * @throws nothing_to_tell
     */
    public static function read(int $userid, int $assignmentid, int $itemid): array {
        global $DB;
        if (!settings::tells('grades')) {
            throw new nothing_to_tell('switched_off');
        }
        $where = $assignmentid > 0
            ? ['itemtype' => 'mod', 'itemmodule' => 'assign', 'iteminstance' => $assignmentid, 'itemnumber' => 0]
            : ['id' => $itemid];
        $item = $DB->get_record('grade_items', $where, 'id, courseid');
        if (!$item) {
            throw new nothing_to_tell('gone');
        }
        $changed = $DB->get_field('grade_grades_history', 'MAX(timemodified)', ['itemid' => $item->id, 'userid' => $userid]);
        return grade::now((object) [
            'userid' => $userid,
            'courseid' => $item->courseid,
            'itemid' => $item->id,
            'timecreated' => (int) $changed,
        ]);
    }

    /**
     * Grades that can be told and that were changed since a moment, in the order of the gradebook's rows. Moodle sets
     * the time of a released grade back to when it was graded, so the gradebook's history is asked too.
     *
     * @param int $since seconds since 1970; 0 for all
     * @param int $after the gradebook's rows above this
     * @param int $limit rows to look at
     * @return array[] with `grades`, the data of each, and `next`, where the next page begins (0: there is none)
     */
    public static function changed(int $since, int $after, int $limit): array {
        global $DB;
        if (!settings::tells('grades')) {
            return ['grades' => [], 'next' => 0];
        }
        $changed = '';
        $params = ['after' => $after];
        if ($since > 0) {
            $changed = "JOIN (SELECT h.oldid AS id
                                FROM {grade_grades_history} h
                               WHERE h.timemodified >= :since1
                               UNION
                              SELECT g.id
                                FROM {grade_grades} g
                               WHERE g.timemodified >= :since2
                               UNION
                              SELECT g.id
                                FROM {assign_grades} a
                                JOIN {grade_items} i ON i.iteminstance = a.assignment AND i.itemmodule = 'assign'
                                JOIN {grade_grades} g ON g.itemid = i.id AND g.userid = a.userid
                               WHERE a.timemodified >= :since3) changed ON changed.id = gg.id";
            $params += ['since1' => $since, 'since2' => $since, 'since3' => $since];
        }
        $rows = $DB->get_records_sql(
            "SELECT gg.id, gg.userid, gg.itemid
               FROM {grade_grades} gg
               JOIN {grade_items} gi ON gi.id = gg.itemid AND gi.itemtype IN ('mod', 'manual') AND gi.outcomeid IS NULL
                    $changed
              WHERE gg.id > :after AND gg.finalgrade IS NOT NULL
           ORDER BY gg.id",
            $params,
            0,
            $limit
        );
        $grades = [];
        foreach ($rows as $row) {
            try {
                $grades[] = self::read((int) $row->userid, 0, (int) $row->itemid);
            } catch (nothing_to_tell $nothing) {
                continue;
            }
        }
        return ['grades' => $grades, 'next' => count($rows) < $limit ? 0 : (int) end($rows)->id];
    }
}
