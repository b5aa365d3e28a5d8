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

/**
 * Web service functions.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$functions = [
    'local_moodle_zoho_sync_get_submission_outcomes' => [
        'classname' => '\local_moodle_zoho_sync\external\get_submission_outcomes',
        'description' => 'The grade of one student for one assignment with its BTEC outcomes, as it is told to Wasl.',
        'type' => 'read',
        'capabilities' => 'local/moodle_zoho_sync:viewoutcomes',
    ],
    'local_moodle_zoho_sync_get_grades' => [
        'classname' => '\local_moodle_zoho_sync\external\get_grades',
        'description' => 'Grades as they are told to Wasl, at most 50.',
        'type' => 'read',
        'capabilities' => 'local/moodle_zoho_sync:viewgrades',
    ],
    'local_moodle_zoho_sync_list_grades' => [
        'classname' => '\local_moodle_zoho_sync\external\list_grades',
        'description' => 'Which grades were changed since a moment, in pages.',
        'type' => 'read',
        'capabilities' => 'local/moodle_zoho_sync:viewgrades',
    ],
    'local_moodle_zoho_sync_get_missing_capabilities' => [
        'classname' => '\local_moodle_zoho_sync\external\get_missing_capabilities',
        'description' => 'Which of some capabilities the asking account lacks.',
        'type' => 'read',
    ],
    'local_moodle_zoho_sync_set_sections' => [
        'classname' => '\local_moodle_zoho_sync\external\set_sections',
        'description' => 'Sets name, summary and visibility of sections of courses, at most 50.',
        'type' => 'write',
        'capabilities' => 'moodle/course:update, moodle/course:sectionvisibility',
    ],
];
