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
 * Tells a course again, with its students, enrolments and grades.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

use local_moodle_zoho_sync\extract\nothing_to_tell;
use local_moodle_zoho_sync\resend;

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../../config.php');
require_once($CFG->libdir . '/clilib.php');

[$options, $unknown] = cli_get_params(['help' => false, 'course' => ''], ['h' => 'help']);
if ($unknown) {
    cli_error(get_string('cliunknowoption', 'core_admin', implode(PHP_EOL, $unknown)), 2);
}
$courseid = (int) $options['course'];
if ($options['help'] || $courseid < 1) {
    cli_writeln(get_string('cli_resend', 'local_moodle_zoho_sync'));
    exit($options['help'] ? 0 : 2);
}
try {
    $count = resend::course($courseid);
} catch (nothing_to_tell $nothing) {
    cli_error(get_string('errorcourse', 'local_moodle_zoho_sync', [
        'id' => $courseid,
        'reason' => get_string('reason_' . $nothing->reason, 'local_moodle_zoho_sync'),
    ]));
}
cli_writeln(get_string('resent', 'local_moodle_zoho_sync', $count));
