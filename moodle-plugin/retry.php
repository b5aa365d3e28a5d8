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
 * Makes events of the log wait for delivery again: one, those that were chosen, or all that failed.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

use core\output\notification;
use local_moodle_zoho_sync\outbox;

require_once(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/adminlib.php');

$ids = optional_param('ids', '', PARAM_SEQUENCE);
$failed = optional_param('failed', false, PARAM_BOOL);

admin_externalpage_setup('local_moodle_zoho_sync_log');
require_capability('local/moodle_zoho_sync:retry', context_system::instance());
require_sesskey();

if ($failed) {
    $count = outbox::retry("state = :given OR outcome IN ('FAILED', 'INVALID')", ['given' => outbox::DEAD]);
} else if ($ids !== '') {
    [$in, $params] = $DB->get_in_or_equal(explode(',', $ids), SQL_PARAMS_NAMED, 'id');
    $count = outbox::retry("id $in", $params);
} else {
    $count = 0;
}

redirect(
    new moodle_url('/local/moodle_zoho_sync/index.php'),
    get_string('retried', 'local_moodle_zoho_sync', $count),
    null,
    $count > 0 ? notification::NOTIFY_SUCCESS : notification::NOTIFY_WARNING
);
