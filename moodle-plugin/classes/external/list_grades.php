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
use local_moodle_zoho_sync\grades;

/**
 * Which grades were changed since a moment, so that a sweep can prove that no event was missed.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class list_grades extends external_api {
    /** @var int Rows of the gradebook that one call looks at. */
    private const MOST = 200;

    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'since' => new external_value(PARAM_INT, 'Changed then or later, seconds since 1970; 0 for all', VALUE_DEFAULT, 0),
            'after' => new external_value(PARAM_INT, '"next" of the page before; 0 for the first', VALUE_DEFAULT, 0),
            'limit' => new external_value(PARAM_INT, 'At most so many, and at most ' . self::MOST, VALUE_DEFAULT, self::MOST),
        ]);
    }

    /**
     * Lists them.
     *
     * @param int $since
     * @param int $after
     * @param int $limit
     * @return array
     */
    public static function execute(int $since = 0, int $after = 0, int $limit = self::MOST): array {
        ['since' => $since, 'after' => $after, 'limit' => $limit] = self::validate_parameters(
            self::execute_parameters(),
            ['since' => $since, 'after' => $after, 'limit' => $limit]
        );
        $context = \context_system::instance();
        self::validate_context($context);
        require_capability('local/moodle_zoho_sync:viewgrades', $context);
        $page = grades::changed($since, $after, max(1, min(self::MOST, $limit)));
        return [
            'grades' => array_map(static fn(array $grade): array => [
                'userid' => (int) $grade['userid'],
                'assignmentid' => (int) $grade['assignmentid'],
                'itemid' => (int) $grade['itemid'],
                'timemodified' => $grade['timemodified'],
            ], $page['grades']),
            'next' => $page['next'],
        ];
    }

    /**
     * What it gives.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'grades' => new external_multiple_structure(new external_single_structure([
                'userid' => new external_value(PARAM_INT, 'Id of the student'),
                'assignmentid' => new external_value(PARAM_INT, 'Id of the assignment; 0 where the item is none'),
                'itemid' => new external_value(PARAM_INT, 'Id of the grade item'),
                'timemodified' => new external_value(PARAM_INT, 'When it was changed last, seconds since 1970'),
            ])),
            'next' => new external_value(PARAM_INT, 'Where the next page begins; 0: this is the last'),
        ]);
    }
}
