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

/**
 * What the BTEC grading form (gradingform_btec) holds of one graded attempt.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class outcomes {
    /** @var int A result, grading_instances.status. */
    private const ACTIVE = 1;

    /** @var int Still the result, though the form was changed since. */
    private const NEEDS_UPDATE = 2;

    /**
     * Every criterion of the form with what the marker said of it, in the form's order.
     *
     * @param int $gradeid assign_grades.id
     * @return array[] code, description, score (null where the marker said nothing), feedback, achieved
     */
    public static function of(int $gradeid): array {
        global $DB;
        if (\core_component::get_plugin_directory('gradingform', 'btec') === null) {
            return [];
        }
        $instances = $DB->get_records_sql(
            "SELECT gi.id, gi.definitionid
               FROM {grading_instances} gi
               JOIN {grading_definitions} gd ON gd.id = gi.definitionid AND gd.method = 'btec'
               JOIN {grading_areas} ga ON ga.id = gd.areaid AND ga.component = 'mod_assign' AND ga.activemethod = 'btec'
              WHERE gi.itemid = :gradeid AND gi.status IN (:active, :needsupdate)
           ORDER BY gi.status, gi.id DESC",
            ['gradeid' => $gradeid, 'active' => self::ACTIVE, 'needsupdate' => self::NEEDS_UPDATE],
            0,
            1
        );
        if (!$instances) {
            return [];
        }
        $instance = reset($instances);
        $rows = $DB->get_records_sql(
            'SELECT c.id, c.shortname, c.description, f.id AS filling, f.score, f.remark
               FROM {gradingform_btec_criteria} c
          LEFT JOIN {gradingform_btec_fillings} f ON f.criterionid = c.id AND f.instanceid = :instanceid
              WHERE c.definitionid = :definitionid
           ORDER BY c.sortorder, c.id',
            ['instanceid' => $instance->id, 'definitionid' => $instance->definitionid]
        );
        return array_map(static fn($row): array => [
            'code' => trim((string) $row->shortname),
            'description' => (string) $row->description,
            'score' => $row->filling === null || $row->score === null ? null : (float) $row->score,
            'feedback' => (string) $row->remark,
            'achieved' => (float) $row->score > 0,
        ], array_values($rows));
    }
}
