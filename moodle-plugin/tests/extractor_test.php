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
 * Tests of what is told of users, enrolments and courses.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers \local_moodle_zoho_sync\extractor
 * @covers \local_moodle_zoho_sync\extract\user
 * @covers \local_moodle_zoho_sync\extract\enrolment
 * @covers \local_moodle_zoho_sync\extract\course
 */
final class extractor_test extends tests\events_testcase {
    /**
     * A user with ids as text and no role yet.
     */
    public function test_a_user(): void {
        $user = $this->getDataGenerator()->create_user(['username' => 'mona', 'idnumber' => '00012', 'country' => 'JO']);
        $told = $this->told();
        $this->assertSame([(string) $user->id, 'mona', '00012', 'JO', '', 0], [
            $told['id'], $told['username'], $told['idnumber'], $told['country'], $told['role'], $told['suspended'],
        ]);
        $this->assertArrayNotHasKey('password', $told);
    }

    /**
     * Roles decide who somebody is; the site decides about both at once.
     */
    public function test_roles(): void {
        $course = $this->getDataGenerator()->create_course();
        $user = $this->getDataGenerator()->create_and_enrol($course, 'editingteacher');
        $this->assertSame('teacher', $this->told()['role']);
        $other = $this->getDataGenerator()->create_course();
        $this->getDataGenerator()->enrol_user($user->id, $other->id, 'student');
        $this->assertSame('student', $this->told()['role']);
        set_config('rolewins', 'teacher', 'local_moodle_zoho_sync');
        $this->getDataGenerator()->role_assign('student', $user->id, \context_system::instance());
        $this->assertSame('teacher', $this->told()['role']);
    }

    /**
     * The guest and who is gone are not told.
     */
    public function test_nobody_to_tell(): void {
        outbox::add(['type' => 'user_updated', 'userid' => guest_user()->id]);
        $this->assertSame('guest', $this->untold());
        outbox::add(['type' => 'user_updated', 'userid' => 999999]);
        $this->assertSame('gone', $this->untold());
        outbox::add(['type' => 'course_updated', 'courseid' => SITEID]);
        $this->assertSame('site_course', $this->untold());
    }

    /**
     * Of two enrolments the active one counts.
     */
    public function test_the_active_enrolment_counts(): void {
        $course = $this->getDataGenerator()->create_course(['fullname' => 'Unit 1']);
        $user = $this->getDataGenerator()->create_and_enrol($course, 'student', null, 'manual', 0, 0, ENROL_USER_SUSPENDED);
        $tell = ['type' => 'enrollment_updated', 'userid' => $user->id, 'courseid' => $course->id, 'act' => 'a'];
        outbox::add($tell);
        $this->assertSame([1, 'manual'], [$this->told()['status'], $this->told()['enrol_method']]);
        $self = enrol_get_plugin('self');
        global $DB;
        $instance = $DB->get_record('enrol', ['courseid' => $course->id, 'enrol' => 'self']);
        $self->update_status($instance, ENROL_INSTANCE_ENABLED);
        $this->getDataGenerator()->enrol_user($user->id, $course->id, 'student', 'self');
        outbox::add(['act' => 'b'] + $tell);
        $this->assertSame([0, 'self', 'Unit 1'], [
            $this->told()['status'], $this->told()['enrol_method'], $this->told()['course_name'],
        ]);
    }

    /**
     * A teacher's enrolment is none of a student.
     */
    public function test_enrolments_of_teachers_are_not_told(): void {
        $course = $this->getDataGenerator()->create_course();
        $user = $this->getDataGenerator()->create_and_enrol($course, 'editingteacher');
        outbox::add(['type' => 'enrollment_updated', 'userid' => $user->id, 'courseid' => $course->id]);
        $this->assertSame('no_student_role', $this->untold());
    }

    /**
     * A student's role that comes later tells the enrolment too.
     */
    public function test_a_later_role_tells_the_enrolment(): void {
        $course = $this->getDataGenerator()->create_course();
        $user = $this->getDataGenerator()->create_user();
        $this->begin();
        outbox::add(['type' => 'user_updated', 'userid' => $user->id, 'courseid' => $course->id, 'act' => 'later']);
        $this->told();
        $this->assertSame(['user_updated', 'enrollment_updated'], $this->types());
        $this->assertSame(['later', 'later'], array_column($this->rows(), 'act'));
    }

    /**
     * Only chosen categories and those below them are told.
     */
    public function test_categories(): void {
        $parent = $this->getDataGenerator()->create_category();
        $child = $this->getDataGenerator()->create_category(['parent' => $parent->id]);
        set_config('categories', $parent->id, 'local_moodle_zoho_sync');
        $this->getDataGenerator()->create_course();
        $this->assertSame('category', $this->untold());
        $this->getDataGenerator()->create_course(['category' => $child->id, 'shortname' => 'BUS-1']);
        $this->assertSame('BUS-1', $this->told()['shortname']);
    }

    /**
     * What an earlier event of the same request told is not told again; a later request's is.
     */
    public function test_one_request_tells_once(): void {
        $user = $this->getDataGenerator()->create_user();
        $this->told();
        outbox::add(['type' => 'user_updated', 'userid' => $user->id]);
        $this->assertSame('told', $this->untold());
        outbox::add(['type' => 'user_updated', 'userid' => $user->id, 'act' => 'another']);
        $this->assertSame('', $this->untold());
    }

    /**
     * The bytes of the first send stay, whatever happens to the user.
     */
    public function test_bytes_are_kept(): void {
        global $DB;
        $user = $this->getDataGenerator()->create_user(['city' => 'Irbid']);
        $first = $this->told();
        $DB->set_field('user', 'city', 'Salt', ['id' => $user->id]);
        $this->assertSame($first, $this->told());
    }

    /**
     * A course's events: itself, its users, enrolments and grades.
     */
    public function test_a_course_is_told_again(): void {
        $course = $this->getDataGenerator()->create_course();
        $this->getDataGenerator()->create_and_enrol($course);
        $this->begin();
        $this->assertSame(3, resend::course($course->id));
        $this->assertSame(['course_updated', 'user_updated', 'enrollment_updated'], $this->types());
    }
}
