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

/**
 * Tests of what is recorded.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers \local_moodle_zoho_sync\observer
 * @covers \local_moodle_zoho_sync\outbox
 */
final class observer_test extends tests\events_testcase {
    /**
     * One row each for a user's life; what is deleted is kept as it was.
     */
    public function test_users(): void {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/user/lib.php');
        $user = $this->getDataGenerator()->create_user(['username' => 'mona', 'idnumber' => '00012']);
        user_update_user((object) ['id' => $user->id, 'city' => 'Irbid'], false);
        delete_user($DB->get_record('user', ['id' => $user->id]));
        $this->assertSame(['user_created', 'user_updated', 'user_deleted'], $this->types());
        $gone = json_decode($this->rows()[2]->facts, true);
        $this->assertSame([(string) $user->id, 'mona', $user->email, '00012'], [
            $gone['id'], $gone['username'], $gone['email'], $gone['idnumber'],
        ]);
        $this->assertSame([36, 36, 36], array_map('strlen', array_column($this->rows(), 'eventid')));
    }

    /**
     * Enrolling records the enrolment and the role; ending keeps what was.
     */
    public function test_enrolments_and_roles(): void {
        $course = $this->getDataGenerator()->create_course();
        $user = $this->getDataGenerator()->create_user();
        $this->begin();
        $this->getDataGenerator()->enrol_user($user->id, $course->id, 'student');
        $this->assertSame(['enrollment_created', 'user_updated'], $this->types());
        $this->begin();
        $instance = $this->instance($course->id);
        $manual = enrol_get_plugin('manual');
        $manual->update_user_enrol($instance, $user->id, ENROL_USER_SUSPENDED);
        $manual->unenrol_user($instance, $user->id);
        $this->assertSame(['enrollment_updated', 'user_updated', 'enrollment_deleted'], $this->types());
        $gone = json_decode($this->rows()[2]->facts, true);
        $this->assertSame([(string) $user->id, (string) $course->id, 1], [$gone['userid'], $gone['courseid'], $gone['status']]);
    }

    /**
     * Where a second enrolment is left, the pair goes on.
     */
    public function test_the_last_of_two_enrolments_ends_the_pair(): void {
        $course = $this->getDataGenerator()->create_course();
        $user = $this->getDataGenerator()->create_and_enrol($course);
        $this->getDataGenerator()->enrol_user($user->id, $course->id, 'student', 'self');
        $this->begin();
        enrol_get_plugin('manual')->unenrol_user($this->instance($course->id), $user->id);
        $this->assertContains('enrollment_updated', $this->types());
        $this->assertNotContains('enrollment_deleted', $this->types());
    }

    /**
     * A role that makes nobody a student or teacher is no news.
     */
    public function test_other_roles_are_not_recorded(): void {
        $user = $this->getDataGenerator()->create_user();
        $this->begin();
        $role = $this->getDataGenerator()->create_role();
        role_assign($role, $user->id, \context_system::instance());
        $this->assertSame([], $this->types());
    }

    /**
     * Courses.
     */
    public function test_courses(): void {
        $course = $this->getDataGenerator()->create_course(['fullname' => 'Unit 1']);
        update_course((object) ['id' => $course->id, 'fullname' => 'Unit 1 (2026)']);
        delete_course($course->id, false);
        $types = $this->types();
        $this->assertSame(['course_created', 'course_updated'], array_slice($types, 0, 2));
        $this->assertSame('course_deleted', end($types));
    }

    /**
     * A switch that is off records nothing of its kind.
     */
    public function test_switches(): void {
        set_config('sendusers', '0', 'local_moodle_zoho_sync');
        $this->getDataGenerator()->create_user();
        $this->getDataGenerator()->create_course();
        $this->assertSame(['course_created'], $this->types());
    }

    /**
     * What Wasl's own account does is no news, what others do is.
     */
    public function test_the_own_account(): void {
        $service = $this->getDataGenerator()->create_user(['username' => 'wasl']);
        set_config('serviceuser', 'wasl', 'local_moodle_zoho_sync');
        $this->begin();
        $this->setUser($service);
        $this->getDataGenerator()->create_user();
        $this->assertSame([], $this->types());
        $this->setAdminUser();
        $this->getDataGenerator()->create_user();
        $this->assertSame(['user_created'], $this->types());
    }

    /**
     * A roll-back takes the row back with what it told.
     */
    public function test_a_rollback_takes_the_row_back(): void {
        global $DB;
        // With the test's own transaction around it, nothing could be rolled back.
        $this->preventResetByRollback();
        $this->begin();
        $transaction = $DB->start_delegated_transaction();
        $this->getDataGenerator()->create_user();
        $this->assertSame(['user_created'], $this->types());
        try {
            $transaction->rollback(new \Exception('undone'));
        } catch (\Exception $error) {
            $this->assertSame('undone', $error->getMessage());
        }
        $this->assertSame([], $this->types());
    }

    /**
     * The database refuses the row: the act goes on, and a note is left.
     */
    public function test_a_failing_observer_disturbs_nobody(): void {
        global $DB;
        $user = $this->getDataGenerator()->create_user();
        $this->begin();
        $event = \core\event\user_updated::create([
            // More than the column holds.
            'objectid' => str_repeat('9', 30),
            'relateduserid' => $user->id,
            'context' => \context_user::instance($user->id),
        ]);
        $transaction = $DB->start_delegated_transaction();
        $event->trigger();
        $this->assertDebuggingCalled('Event property objectid must be a number');
        $DB->set_field('user', 'city', 'Irbid', ['id' => $user->id]);
        $transaction->allow_commit();
        $this->assertSame('Irbid', $DB->get_field('user', 'city', ['id' => $user->id]));
        $this->assertSame([], $this->types());
        $note = json_decode(get_config('local_moodle_zoho_sync', 'observerfailure'));
        $this->assertSame('\core\event\user_updated', $note->event);
        $this->assertSame(\core\check\result::ERROR, (new check\delivery())->get_result()->get_status());
    }

    /**
     * Many events of a request wake the sender once; where that is switched off, not at all.
     */
    public function test_one_task_wakes_the_sender(): void {
        global $DB;
        // As at the beginning of a request; another test's may have queued it already.
        (new \ReflectionProperty(outbox::class, 'woken'))->setValue(null, false);
        for ($i = 0; $i < 3; $i++) {
            $this->getDataGenerator()->create_user();
        }
        $this->assertCount(1, \core\task\manager::get_adhoc_tasks(task\wake_up::class));
        set_config('wakeup', '0', 'local_moodle_zoho_sync');
        (new \ReflectionProperty(outbox::class, 'woken'))->setValue(null, false);
        $DB->delete_records('task_adhoc');
        $this->getDataGenerator()->create_user();
        $this->assertCount(0, \core\task\manager::get_adhoc_tasks(task\wake_up::class));
    }

    /**
     * The manual enrolment of a course.
     *
     * @param int $courseid
     * @return \stdClass
     */
    private function instance(int $courseid): \stdClass {
        global $DB;
        return $DB->get_record('enrol', ['courseid' => $courseid, 'enrol' => 'manual'], '*', MUST_EXIST);
    }
}
