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
 * Asks the backend, signed, for nothing: shows whether address, secret, endpoint and tenant are right.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

use core\output\notification;
use local_moodle_zoho_sync\backend;
use local_moodle_zoho_sync\outbox;
use local_moodle_zoho_sync\settings;

require_once(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/adminlib.php');

admin_externalpage_setup('local_moodle_zoho_sync_test');
require_sesskey();

if (!settings::ready()) {
    $message = get_string('notready', 'local_moodle_zoho_sync');
} else {
    try {
        $answer = (new backend())->status([]);
        $message = $answer->is_accepted() ? '' : $answer->message();
    } catch (moodle_exception $error) {
        $message = $error->getMessage();
    }
}
if ($message === '') {
    outbox::hurry();
}
redirect(
    new moodle_url('/admin/settings.php', ['section' => 'local_moodle_zoho_sync']),
    $message === '' ? get_string('testgood', 'local_moodle_zoho_sync', settings::url())
        : get_string('testbad', 'local_moodle_zoho_sync', s($message)),
    null,
    $message === '' ? notification::NOTIFY_SUCCESS : notification::NOTIFY_ERROR
);
