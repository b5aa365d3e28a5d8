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

namespace local_moodle_zoho_sync\privacy;

use core_privacy\local\metadata\collection;
use core_privacy\local\request\approved_contextlist;
use core_privacy\local\request\approved_userlist;
use core_privacy\local\request\userlist;
use core_privacy\local\request\writer;
use local_moodle_zoho_sync\outbox;

/**
 * Tests of the privacy provider.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers \local_moodle_zoho_sync\privacy\provider
 */
final class provider_test extends \core_privacy\tests\provider_testcase {
    /** @var \stdClass Whom an event is about. */
    private \stdClass $student;

    /** @var \stdClass Who set it off. */
    private \stdClass $teacher;

    /**
     * One event.
     */
    protected function setUp(): void {
        global $DB;
        parent::setUp();
        $this->resetAfterTest();
        $this->student = $this->getDataGenerator()->create_user();
        $this->teacher = $this->getDataGenerator()->create_user();
        $DB->delete_records(outbox::TABLE);
        outbox::add(['type' => 'grade_updated', 'userid' => $this->student->id, 'actorid' => $this->teacher->id]);
        $DB->set_field(outbox::TABLE, 'payload', '{"data":{"finalgrade":75}}');
    }

    /**
     * What is said of the data has words in the language files, for every field that is named.
     */
    public function test_metadata(): void {
        $items = provider::get_metadata(new collection('local_moodle_zoho_sync'))->get_collection();
        $this->assertCount(2, $items);
        foreach ($items as $item) {
            foreach (array_merge([$item->get_summary()], $item->get_privacy_fields()) as $string) {
                $this->assertTrue(get_string_manager()->string_exists($string, 'local_moodle_zoho_sync'), $string);
            }
        }
    }

    /**
     * Both people are found.
     */
    public function test_who_is_found(): void {
        $system = \context_system::instance();
        foreach ([$this->student, $this->teacher] as $user) {
            $this->assertEquals([$system->id], provider::get_contexts_for_userid($user->id)->get_contextids());
        }
        $this->assertEmpty(provider::get_contexts_for_userid(guest_user()->id)->get_contextids());
        $users = new userlist($system, 'local_moodle_zoho_sync');
        provider::get_users_in_context($users);
        $this->assertEqualsCanonicalizing([$this->student->id, $this->teacher->id], $users->get_userids());
    }

    /**
     * The content goes to whom it is about, not to who set it off.
     */
    public function test_export(): void {
        foreach ([[$this->student, '{"data":{"finalgrade":75}}'], [$this->teacher, null]] as [$user, $data]) {
            writer::reset();
            $this->export_context_data_for_user($user->id, \context_system::instance(), 'local_moodle_zoho_sync');
            $exported = writer::with_context(\context_system::instance())
                ->get_data([get_string('pluginname', 'local_moodle_zoho_sync')]);
            $this->assertSame($data, $exported->events[0]->data);
        }
    }

    /**
     * Deleting the teacher leaves the student's event without a name; deleting the student removes it.
     */
    public function test_deletion(): void {
        global $DB;
        $system = \context_system::instance();
        $list = new approved_contextlist($this->teacher, 'local_moodle_zoho_sync', [$system->id]);
        provider::delete_data_for_user($list);
        $this->assertEquals(0, $DB->get_field(outbox::TABLE, 'actorid', ['userid' => $this->student->id]));
        provider::delete_data_for_users(new approved_userlist($system, 'local_moodle_zoho_sync', [$this->student->id]));
        $this->assertEquals(0, $DB->count_records(outbox::TABLE));
        outbox::add(['type' => 'grade_updated', 'userid' => $this->student->id]);
        provider::delete_data_for_all_users_in_context($system);
        $this->assertEquals(0, $DB->count_records(outbox::TABLE));
    }
}
