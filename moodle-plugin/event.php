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

use local_moodle_zoho_sync\outbox;

require_once(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/adminlib.php');

$id = required_param('id', PARAM_INT);

$log = new moodle_url('/local/moodle_zoho_sync/index.php');
$url = new moodle_url('/local/moodle_zoho_sync/event.php', ['id' => $id]);
$context = context_system::instance();
admin_externalpage_setup('local_moodle_zoho_sync_log', '', null, $url);
require_capability('local/moodle_zoho_sync:viewlog', $context);

$row = $DB->get_record(outbox::TABLE, ['id' => $id], '*', MUST_EXIST);
$payload = json_decode((string) $row->payload);
$shown = $payload === null ? '' : json_encode($payload, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);

$strings = get_string_manager();
$reason = (string) $row->reason;
if ($strings->string_exists("reason_$reason", 'local_moodle_zoho_sync')) {
    $reason = get_string("reason_$reason", 'local_moodle_zoho_sync');
}
$said = [
    'timecreated' => userdate($row->timecreated),
    'state' => get_string("state_{$row->state}", 'local_moodle_zoho_sync'),
    'reason' => $reason,
];
$table = new html_table();
$table->attributes['class'] = 'generaltable w-auto';
$table->data = [];
$columns = ['type', 'timecreated', 'state', 'tries', 'httpstatus', 'outcome', 'action', 'grade', 'reason', 'message', 'eventid'];
foreach ($columns as $column) {
    $text = (string) ($said[$column] ?? $row->$column);
    if ($text !== '') {
        $name = new html_table_cell(get_string("column_$column", 'local_moodle_zoho_sync'));
        $name->header = true;
        $table->data[] = [$name, s($text)];
    }
}

$title = get_string('eventnumber', 'local_moodle_zoho_sync', $row->id);
$PAGE->navbar->add($title, $url);
echo $OUTPUT->header();
echo $OUTPUT->heading($title);
echo html_writer::table($table);
if ($shown === '') {
    echo html_writer::tag('p', get_string('notread', 'local_moodle_zoho_sync'));
} else {
    // Where the page runs from right to left, the style sheet would turn the text's side too.
    echo html_writer::tag('pre', s($shown), [
        'dir' => 'ltr',
        'class' => 'border rounded p-3',
        'style' => 'text-align: left',
    ]);
}
$may = has_capability('local/moodle_zoho_sync:retry', $context);
if ($may && in_array($row->state, [outbox::SENT, outbox::DONE, outbox::DEAD], true)) {
    $again = new moodle_url('/local/moodle_zoho_sync/retry.php', ['ids' => $row->id]);
    echo $OUTPUT->single_button($again, get_string('retry', 'local_moodle_zoho_sync'), 'post');
}
echo $OUTPUT->single_button($log, get_string('eventlog', 'local_moodle_zoho_sync'), 'get');
echo $OUTPUT->footer();
