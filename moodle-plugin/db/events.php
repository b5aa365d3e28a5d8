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
 * Observers. They are internal (the default), so each writes its row inside the transaction of what it tells.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$observers = [
    [
        'eventname' => '\core\event\user_created',
        'callback' => '\local_moodle_zoho_sync\observer::user_changed',
    ],
    [
        'eventname' => '\core\event\user_updated',
        'callback' => '\local_moodle_zoho_sync\observer::user_changed',
    ],
    [
        'eventname' => '\core\event\user_deleted',
        'callback' => '\local_moodle_zoho_sync\observer::user_deleted',
    ],
    [
        'eventname' => '\core\event\role_assigned',
        'callback' => '\local_moodle_zoho_sync\observer::role_changed',
    ],
    [
        'eventname' => '\core\event\role_unassigned',
        'callback' => '\local_moodle_zoho_sync\observer::role_changed',
    ],
    [
        'eventname' => '\core\event\user_enrolment_created',
        'callback' => '\local_moodle_zoho_sync\observer::enrolment_changed',
    ],
    [
        'eventname' => '\core\event\user_enrolment_updated',
        'callback' => '\local_moodle_zoho_sync\observer::enrolment_changed',
    ],
    [
        'eventname' => '\core\event\user_enrolment_deleted',
        'callback' => '\local_moodle_zoho_sync\observer::enrolment_deleted',
    ],
    [
        'eventname' => '\core\event\course_created',
        'callback' => '\local_moodle_zoho_sync\observer::course_changed',
    ],
    [
        'eventname' => '\core\event\course_updated',
        'callback' => '\local_moodle_zoho_sync\observer::course_changed',
    ],
    [
        'eventname' => '\core\event\course_deleted',
        'callback' => '\local_moodle_zoho_sync\observer::course_deleted',
    ],
    [
        'eventname' => '\core\event\user_graded',
        'callback' => '\local_moodle_zoho_sync\observer::user_graded',
    ],
    [
        'eventname' => '\core\event\grade_deleted',
        'callback' => '\local_moodle_zoho_sync\observer::grade_deleted',
    ],
    [
        'eventname' => '\mod_assign\event\submission_graded',
        'callback' => '\local_moodle_zoho_sync\observer::assignment_graded',
    ],
    [
        'eventname' => '\mod_assign\event\workflow_state_updated',
        'callback' => '\local_moodle_zoho_sync\observer::assignment_graded',
    ],
];
