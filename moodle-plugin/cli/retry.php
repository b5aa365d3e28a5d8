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
 * Makes events wait for delivery again.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

use local_moodle_zoho_sync\outbox;

define('CLI_SCRIPT', true);

require(__DIR__ . '/../../../config.php');
require_once($CFG->libdir . '/clilib.php');

[$options, $unknown] = cli_get_params(
    ['help' => false, 'failed' => false, 'ids' => ''],
    ['h' => 'help']
);
if ($unknown) {
    cli_error(get_string('cliunknowoption', 'core_admin', implode(PHP_EOL, $unknown)), 2);
}
$ids = (string) $options['ids'];
if ($options['help'] || (!$options['failed'] && $ids === '')) {
    cli_writeln(get_string('cli_retry', 'local_moodle_zoho_sync'));
    exit($options['help'] ? 0 : 2);
}
if ($ids !== '' && !preg_match('/^\d+(,\d+)*$/', $ids)) {
    cli_error(get_string('errorids', 'local_moodle_zoho_sync', $ids), 2);
}
if ($options['failed']) {
    $count = outbox::retry("state = :given OR outcome IN ('FAILED', 'INVALID')", ['given' => outbox::DEAD]);
} else {
    [$in, $params] = $DB->get_in_or_equal(explode(',', $ids), SQL_PARAMS_NAMED, 'id');
    $count = outbox::retry("id $in", $params);
}
cli_writeln(get_string('retried', 'local_moodle_zoho_sync', $count));
