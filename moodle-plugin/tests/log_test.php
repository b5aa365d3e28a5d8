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

namespace local_moodle_zoho_sync;

use core_reportbuilder\system_report_factory;
use local_moodle_zoho_sync\reportbuilder\local\systemreports\events;

/**
 * Tests of the event log, and of the two languages.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers \local_moodle_zoho_sync\reportbuilder\local\systemreports\events
 * @covers \local_moodle_zoho_sync\reportbuilder\local\entities\event
 */
final class log_test extends tests\events_testcase {
    /**
     * The log shows state, outcome and action.
     */
    public function test_the_log(): void {
        global $DB, $PAGE;
        $PAGE->set_url('/local/moodle_zoho_sync/index.php');
        $this->setAdminUser();
        $id = $this->record_user('a');
        $DB->update_record(outbox::TABLE, (object) [
            'id' => $id,
            'state' => outbox::DONE,
            'outcome' => 'UPDATED',
            'action' => 'updated',
            'grade' => 'Merit',
            'message' => '<b>bold</b>',
        ]);
        $html = system_report_factory::create(events::class, \context_system::instance())->output();
        foreach (['user_created', get_string('state_done', 'local_moodle_zoho_sync'), 'UPDATED', 'Merit', 'retry.php'] as $text) {
            $this->assertStringContainsString($text, $html);
        }
        $this->assertStringNotContainsString('<b>bold</b>', $html);
    }

    /**
     * Who may not see it does not.
     */
    public function test_the_log_needs_its_capability(): void {
        $this->setUser($this->getDataGenerator()->create_user());
        $this->expectException(\core_reportbuilder\exception\report_access_exception::class);
        system_report_factory::create(events::class, \context_system::instance())->require_can_view();
    }

    /**
     * Every string has its Arabic, with the same places to fill.
     */
    public function test_arabic_is_complete(): void {
        $load = static function (string $language): array {
            $string = [];
            include(__DIR__ . "/../lang/$language/local_moodle_zoho_sync.php");
            return $string;
        };
        $english = $load('en');
        $arabic = $load('ar');
        $this->assertSame(array_keys($english), array_keys($arabic));
        foreach ($english as $id => $text) {
            preg_match_all('/\{\$a[^}]*\}/', $text, $places);
            preg_match_all('/\{\$a[^}]*\}/', $arabic[$id], $arabicplaces);
            $this->assertEqualsCanonicalizing(array_unique($places[0]), array_unique($arabicplaces[0]), $id);
        }
    }
}
