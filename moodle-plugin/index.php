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
 * The event log.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

use core_reportbuilder\system_report_factory;
use local_moodle_zoho_sync\reportbuilder\local\systemreports\events;

require_once(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/adminlib.php');

admin_externalpage_setup('local_moodle_zoho_sync_log');
$context = context_system::instance();
require_capability('local/moodle_zoho_sync:viewlog', $context);
$mayretry = has_capability('local/moodle_zoho_sync:retry', $context);

echo $OUTPUT->header();
echo $OUTPUT->heading(get_string('eventlog', 'local_moodle_zoho_sync'));

$counts = \local_moodle_zoho_sync\outbox::counts();
echo html_writer::tag('p', get_string('logsummary', 'local_moodle_zoho_sync', $counts));
if (!\local_moodle_zoho_sync\settings::ready()) {
    echo $OUTPUT->notification(get_string('notready', 'local_moodle_zoho_sync'), 'warning');
}

$report = system_report_factory::create(events::class, $context);
echo $report->output();

if ($mayretry) {
    $url = new moodle_url('/local/moodle_zoho_sync/retry.php');
    $hidden = html_writer::empty_tag('input', ['type' => 'hidden', 'name' => 'sesskey', 'value' => sesskey()])
        . html_writer::empty_tag('input', ['type' => 'hidden', 'name' => 'ids', 'value' => '']);
    $button = html_writer::tag('button', get_string('retryselected', 'local_moodle_zoho_sync'), [
        'type' => 'submit',
        'class' => 'btn btn-secondary',
    ]);
    echo html_writer::tag('form', $hidden . $button, [
        'method' => 'post',
        'action' => $url->out(false),
        'id' => 'local-moodle-zoho-sync-retry',
        'class' => 'd-inline-block me-2 mr-2',
    ]);
    if ($counts->dead + $counts->refused > 0) {
        $all = new moodle_url($url, ['failed' => 1]);
        echo $OUTPUT->single_button($all, get_string('retryfailed', 'local_moodle_zoho_sync'), 'post');
    }
    $PAGE->requires->js_amd_inline("
        const form = document.getElementById('local-moodle-zoho-sync-retry');
        const chosen = () => [...document.querySelectorAll('input[name=\"report-select-row[]\"]:checked')];
        const button = form.querySelector('button');
        // The box in the table's head sets the others without an event of theirs, so the look comes a moment later.
        const look = () => setTimeout(() => {
            button.disabled = chosen().length === 0;
        });
        ['change', 'click'].forEach(name => document.addEventListener(name, look));
        look();
        form.addEventListener('submit', () => {
            form.elements.ids.value = chosen().map(box => box.value).join(',');
        });
    ");
}
echo $OUTPUT->footer();
