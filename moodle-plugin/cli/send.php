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
 * Sends what waits in the outbox, now.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

use local_moodle_zoho_sync\outbox;
use local_moodle_zoho_sync\sender;
use local_moodle_zoho_sync\settings;

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../../config.php');
require_once($CFG->libdir . '/clilib.php');

[$options, $unknown] = cli_get_params(
    ['help' => false, 'now' => false, 'seconds' => 3600],
    ['h' => 'help', 'n' => 'now']
);
if ($unknown) {
    cli_error(get_string('cliunknowoption', 'core_admin', implode(PHP_EOL, $unknown)), 2);
}
if ($options['help']) {
    cli_writeln(get_string('cli_send', 'local_moodle_zoho_sync'));
    exit(0);
}
if (!ctype_digit((string) $options['seconds']) || (int) $options['seconds'] < 1) {
    cli_error(get_string('errorseconds', 'local_moodle_zoho_sync', $options['seconds']), 2);
}
if (!settings::ready()) {
    cli_error(get_string('notready', 'local_moodle_zoho_sync'));
}
if ($options['now']) {
    outbox::hurry();
}
$run = sender::run((int) $options['seconds']);
if ($run === null) {
    cli_error(get_string('errorrunning', 'local_moodle_zoho_sync'));
}
cli_writeln(get_string('sentsummary', 'local_moodle_zoho_sync', [
    'sent' => $run->sent,
    'skipped' => $run->skipped,
    'dead' => $run->dead,
]));
cli_writeln(get_string('logsummary', 'local_moodle_zoho_sync', outbox::counts()));
if ($run->stopped !== '') {
    cli_error($run->stopped);
}
