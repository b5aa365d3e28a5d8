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
 * One event of the log with the bytes that are sent.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

require_once(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/adminlib.php');

$id = required_param('id', PARAM_INT);

admin_externalpage_setup('local_moodle_zoho_sync_log');
require_capability('local/moodle_zoho_sync:viewlog', context_system::instance());

$row = $DB->get_record(\local_moodle_zoho_sync\outbox::TABLE, ['id' => $id], '*', MUST_EXIST);
$payload = json_decode((string) $row->payload);
$shown = $payload === null ? get_string('notread', 'local_moodle_zoho_sync')
    : json_encode($payload, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);

$table = new html_table();
$table->data = [];
foreach (['type', 'state', 'outcome', 'action', 'grade', 'tries', 'httpstatus', 'message'] as $column) {
    $table->data[] = [get_string("column_$column", 'local_moodle_zoho_sync'), s((string) $row->$column)];
}
$table->data[] = [get_string('column_reason', 'local_moodle_zoho_sync'), s((string) $row->reason)];
$table->data[] = [get_string('column_eventid', 'local_moodle_zoho_sync'), s($row->eventid)];

echo $OUTPUT->header();
echo $OUTPUT->heading(get_string('eventnumber', 'local_moodle_zoho_sync', $row->id));
echo html_writer::table($table);
echo html_writer::tag('pre', s($shown), ['dir' => 'ltr']);
echo $OUTPUT->footer();
