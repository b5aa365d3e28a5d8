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
use local_moodle_zoho_sync\extract\nothing_to_tell;
use local_moodle_zoho_sync\grades;

/**
 * Grades as the events tell them. Moodle's own functions tell neither criteria nor scale labels, marker and release.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class get_grades extends external_api {
    /** @var int Grades in one call. */
    private const MOST = 50;

    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'grades' => new external_multiple_structure(new external_single_structure([
                'userid' => new external_value(PARAM_INT, 'Id of the student'),
                'assignmentid' => new external_value(PARAM_INT, 'Id of the assignment (not of its module)', VALUE_DEFAULT, 0),
                'itemid' => new external_value(PARAM_INT, 'Id of the grade item, where it is no assignment', VALUE_DEFAULT, 0),
            ]), 'At most ' . self::MOST),
        ]);
    }

    /**
     * Reads them.
     *
     * @param array[] $grades
     * @return array
     */
    public static function execute(array $grades): array {
        ['grades' => $grades] = self::validate_parameters(self::execute_parameters(), ['grades' => $grades]);
        $context = \context_system::instance();
        self::validate_context($context);
        require_capability('local/moodle_zoho_sync:viewgrades', $context);
        if (count($grades) > self::MOST) {
            throw new \invalid_parameter_exception('More than ' . self::MOST . ' grades');
        }
        $told = [];
        $untold = [];
        foreach ($grades as $asked) {
            try {
                $told[] = grades::read($asked['userid'], $asked['assignmentid'], $asked['itemid']);
            } catch (nothing_to_tell $nothing) {
                $untold[] = $asked + ['reason' => $nothing->reason];
            }
        }
        return ['grades' => $told, 'untold' => $untold];
    }

    /**
     * What it gives.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'grades' => new external_multiple_structure(self::grade()),
            'untold' => new external_multiple_structure(new external_single_structure([
                'userid' => new external_value(PARAM_INT, 'As asked'),
                'assignmentid' => new external_value(PARAM_INT, 'As asked'),
                'itemid' => new external_value(PARAM_INT, 'As asked'),
                'reason' => new external_value(PARAM_ALPHAEXT, 'gone, no_grade, not_released, identities_hidden, category ...'),
            ])),
        ]);
    }

    /**
     * The data of the event `grade_updated`.
     *
     * @return external_single_structure
     */
    private static function grade(): external_single_structure {
        $text = static fn(string $what) => new external_value(PARAM_RAW, $what);
        $int = static fn(string $what) => new external_value(PARAM_INT, $what);
        $float = static fn(string $what) => new external_value(PARAM_FLOAT, $what);
        $orno = static fn(string $type, string $what) => new external_value($type, $what, VALUE_REQUIRED, null, NULL_ALLOWED);
        $group = static fn(array $keys, string $what) =>
            new external_single_structure($keys, $what, VALUE_REQUIRED, null, NULL_ALLOWED);
        return new external_single_structure([
            'userid' => $text('Id of the student'),
            'courseid' => $text('Id of the course'),
            'itemid' => $text('Id of the grade item'),
            'itemname' => $text('Its name'),
            'itemtype' => $text('mod or manual'),
            'itemmodule' => $orno(PARAM_RAW, 'assign, quiz ...'),
            'assignmentid' => $orno(PARAM_RAW, 'Id of the assignment'),
            'gradetype' => $int('1 points, 2 scale'),
            'grademin' => $float('Lowest grade'),
            'grademax' => $float('Highest grade'),
            'gradepass' => $float('Grade to pass'),
            'grade_id' => $text('Id of the gradebook\'s row'),
            'finalgrade' => $float('Points, or the place on the scale'),
            'course_name' => $text('Full name of the course'),
            'overridden' => $int('1: set in the gradebook'),
            'hidden' => $int('1: hidden from students'),
            'student' => new external_single_structure([
                'id' => $text('Id'),
                'username' => $text('Username'),
                'name' => $text('Full name'),
                'idnumber' => $text('ID number'),
            ]),
            'assignment' => $group([
                'id' => $text('Id'),
                'cmid' => $text('Id of the course module'),
                'name' => $text('Name'),
                'idnumber' => $text('ID number'),
            ], 'Nothing where the item is no assignment'),
            'attemptnumber' => $orno(PARAM_INT, 'Number of the attempt, from 0'),
            'feedback' => $text('Feedback, HTML'),
            'learning_outcomes' => get_submission_outcomes::outcomes(),
            'timemodified' => $int('When anything of it was changed last, seconds since 1970'),
            'scale' => new external_multiple_structure($text('Label'), 'The scale\'s labels', VALUE_OPTIONAL),
            'scale_label' => new external_value(PARAM_RAW, 'The label of the grade', VALUE_OPTIONAL, null, NULL_ALLOWED),
            'grader' => $group([
                'id' => $text('Id'),
                'username' => $text('Username'),
                'name' => $text('Full name'),
            ], 'Nothing where nobody is known'),
            'grader_role' => $orno(PARAM_ALPHA, 'teacher, iv or nothing'),
        ]);
    }
}
