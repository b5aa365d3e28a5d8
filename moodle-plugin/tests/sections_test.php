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

use local_moodle_zoho_sync\external\set_sections;

/**
 * Tests of sections that Wasl names and describes.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers \local_moodle_zoho_sync\external\set_sections
 */
final class sections_test extends \advanced_testcase {
    /** @var \stdClass A course with a general section and two more. */
    private \stdClass $course;

    /**
     * Asked by the administrator, where a test says nothing else.
     */
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->setAdminUser();
        $this->course = $this->getDataGenerator()->create_course(['numsections' => 2, 'format' => 'topics']);
    }

    /**
     * What is given is set, and the rest stays.
     */
    public function test_what_is_given(): void {
        $answer = $this->set(['number' => 1, 'name' => 'Marketing', 'summary' => "U-2\nCredits: 10 < 20"]);
        $this->assertSame([], $answer['warnings']);
        $this->assertTrue($answer['sections'][0]['changed']);
        $section = $this->section(1);
        $this->assertSame($answer['sections'][0]['id'], (int) $section->id);
        $this->assertSame(['Marketing', "U-2\nCredits: 10 < 20"], [$section->name, $section->summary]);
        $this->assertEquals([FORMAT_PLAIN, 1], [$section->summaryformat, $section->visible]);
        $this->set(['number' => 1, 'visible' => 0]);
        $this->assertEquals(['Marketing', 0], [$this->section(1)->name, $this->section(1)->visible]);
        $this->set(['number' => 1, 'name' => '', 'summary' => '']);
        $this->assertSame(['', ''], [$this->section(1)->name, $this->section(1)->summary]);
    }

    /**
     * The general section bears a name and is never hidden.
     */
    public function test_the_general_section(): void {
        $this->set(['number' => 0, 'name' => 'التسويق', 'visible' => 0]);
        $this->assertEquals(['التسويق', 1], [$this->section(0)->name, $this->section(0)->visible]);
    }

    /**
     * A section that is as asked is not written, and no event is raised.
     */
    public function test_the_same_again(): void {
        $asked = ['number' => 1, 'name' => 'Marketing', 'summary' => 'U-2', 'visible' => 1];
        $this->set($asked);
        $events = $this->redirectEvents();
        $this->assertFalse($this->set($asked)['sections'][0]['changed']);
        $this->assertSame([], $events->get_events());
    }

    /**
     * A place that the course has not yet is made, as far as the site allows.
     */
    public function test_places(): void {
        $this->set(['number' => 4, 'name' => 'Marketing']);
        $this->assertSame('Marketing', $this->section(4)->name);
        foreach ([-1, 1000] as $number) {
            $answer = $this->set(['number' => $number, 'name' => 'Marketing']);
            $this->assertSame(['sectiontoofar'], array_column($answer['warnings'], 'warningcode'));
        }
    }

    /**
     * One that is refused does not stop the others.
     */
    public function test_refusals(): void {
        $single = $this->getDataGenerator()->create_course(['format' => 'singleactivity']);
        $asked = fn(int $id): array => ['courseid' => $id, 'number' => 0, 'name' => 'Marketing'];
        $answer = $this->answer([$asked($single->id), $asked(987654), $asked($this->course->id)]);
        $this->assertEquals([$single->id, 987654], array_column($answer['warnings'], 'itemid'));
        $this->assertSame('sectionnone', $answer['warnings'][0]['warningcode']);
        $this->assertStringStartsWith('invalidrecord', $answer['warnings'][1]['warningcode']);
        $this->assertEquals([$this->course->id], array_column($answer['sections'], 'courseid'));
        $this->assertSame('Marketing', $this->section(0)->name);
    }

    /**
     * Who may not update the course is refused, and who may not hide sections is refused that.
     */
    public function test_capabilities(): void {
        $user = $this->getDataGenerator()->create_and_enrol($this->course, 'student');
        $this->setUser($user);
        $codes = fn(array $asked): array => array_column($this->set($asked)['warnings'], 'warningcode');
        $this->assertSame(['nopermissions'], $codes(['number' => 1, 'name' => 'Marketing']));
        $role = $this->getDataGenerator()->create_role();
        $context = \context_course::instance($this->course->id);
        assign_capability('moodle/course:update', CAP_ALLOW, $role, $context->id);
        role_assign($role, $user->id, $context->id);
        $this->assertSame([], $codes(['number' => 1, 'name' => 'Marketing', 'visible' => 1]));
        $this->assertSame(['nopermissions'], $codes(['number' => 1, 'visible' => 0]));
    }

    /**
     * Too many at once.
     */
    public function test_too_many(): void {
        $this->expectException(\invalid_parameter_exception::class);
        $this->answer(array_fill(0, 51, ['courseid' => $this->course->id, 'number' => 0]));
    }

    /**
     * As the web service answers about a section of the course.
     *
     * @param array $asked
     * @return array
     */
    private function set(array $asked): array {
        return $this->answer([['courseid' => $this->course->id] + $asked]);
    }

    /**
     * As the web service answers.
     *
     * @param array[] $sections
     * @return array
     */
    private function answer(array $sections): array {
        return set_sections::clean_returnvalue(set_sections::execute_returns(), set_sections::execute($sections));
    }

    /**
     * As it stands in the database.
     *
     * @param int $number
     * @return \stdClass
     */
    private function section(int $number): \stdClass {
        global $DB;
        return $DB->get_record('course_sections', ['course' => $this->course->id, 'section' => $number], '*', MUST_EXIST);
    }
}
