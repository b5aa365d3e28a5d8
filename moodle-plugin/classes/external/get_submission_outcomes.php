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

namespace local_moodle_zoho_sync\external;

use core_external\external_api;
use core_external\external_function_parameters;
use core_external\external_multiple_structure;
use core_external\external_single_structure;
use core_external\external_value;
use local_moodle_zoho_sync\extract\grade;
use local_moodle_zoho_sync\extract\outcomes;

/**
 * What the BTEC form holds of a student's newest graded attempt; Moodle's own functions do not tell it.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class get_submission_outcomes extends external_api {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'assignmentid' => new external_value(PARAM_INT, 'Id of the assignment (not of its course module)'),
            'userid' => new external_value(PARAM_INT, 'Id of the student'),
        ]);
    }

    /**
     * Reads them.
     *
     * @param int $assignmentid
     * @param int $userid
     * @return array
     */
    public static function execute(int $assignmentid, int $userid): array {
        [
            'assignmentid' => $assignmentid,
            'userid' => $userid,
        ] = self::validate_parameters(self::execute_parameters(), ['assignmentid' => $assignmentid, 'userid' => $userid]);
        [, $cm] = get_course_and_cm_from_instance($assignmentid, 'assign');
        $context = \context_module::instance($cm->id);
        self::validate_context($context);
        require_capability('local/moodle_zoho_sync:viewoutcomes', $context);

        $marked = grade::marked($assignmentid, $userid);
        return [
            'graded' => $marked !== null,
            'attemptnumber' => $marked === null ? null : (int) $marked->attemptnumber,
            'grade' => $marked === null ? null : (float) $marked->grade,
            'graderid' => $marked === null ? null : (int) $marked->grader,
            'timemodified' => $marked === null ? null : (int) $marked->timemodified,
            'outcomes' => $marked === null ? [] : outcomes::of((int) $marked->id),
        ];
    }

    /**
     * What it gives.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        $optional = static fn(string $type, string $what) => new external_value($type, $what, VALUE_REQUIRED, null, NULL_ALLOWED);
        return new external_single_structure([
            'graded' => new external_value(PARAM_BOOL, 'Whether an attempt was graded; released or not'),
            'attemptnumber' => $optional(PARAM_INT, 'Number of the attempt, from 0'),
            'grade' => $optional(PARAM_FLOAT, 'Grade of the attempt: points, or the place on the scale'),
            'graderid' => $optional(PARAM_INT, 'Id of the marker'),
            'timemodified' => $optional(PARAM_INT, 'When it was graded, seconds since 1970'),
            'outcomes' => self::outcomes(),
        ]);
    }

    /**
     * The criteria of the BTEC form.
     *
     * @return external_multiple_structure
     */
    public static function outcomes(): external_multiple_structure {
        return new external_multiple_structure(new external_single_structure([
            'code' => new external_value(PARAM_RAW, 'Short name of the criterion, such as P1'),
            'description' => new external_value(PARAM_RAW, 'What the criterion asks for'),
            'score' => new external_value(
                PARAM_FLOAT,
                '1 for met, 0 for not met, nothing where the marker said nothing',
                VALUE_REQUIRED,
                null,
                NULL_ALLOWED
            ),
            'feedback' => new external_value(PARAM_RAW, 'The marker\'s remark'),
            'achieved' => new external_value(PARAM_BOOL, 'Whether the score is above 0'),
        ]), 'The criteria of the BTEC form, in its order; none for other ways of grading');
    }
}
