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

namespace local_moodle_zoho_sync\tests;

use stdClass;

defined('MOODLE_INTERNAL') || die();

global $CFG;
require_once($CFG->dirroot . '/mod/assign/locallib.php');
require_once($CFG->dirroot . '/mod/assign/tests/generator.php');
require_once($CFG->libdir . '/gradelib.php');

/**
 * A course with a student and a teacher who grades, through Moodle's own assignments and gradebook.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
abstract class grades_testcase extends events_testcase {
    use \mod_assign_test_generator;

    /** @var stdClass */
    protected stdClass $course;

    /** @var stdClass */
    protected stdClass $student;

    /** @var stdClass */
    protected stdClass $teacher;

    /**
     * Makes the course and its people.
     */
    protected function setUp(): void {
        parent::setUp();
        $this->course = $this->getDataGenerator()->create_course(['fullname' => 'Unit 1']);
        $this->student = $this->getDataGenerator()->create_and_enrol($this->course);
        $this->teacher = $this->getDataGenerator()->create_and_enrol($this->course, 'teacher', ['lastname' => 'Khalil']);
        $this->begin();
    }

    /**
     * An assignment with comments as feedback.
     *
     * @param array $options
     * @return \mod_assign_testable_assign
     */
    protected function assignment(array $options = []): \mod_assign_testable_assign {
        $this->setUser($this->teacher);
        return $this->create_instance($this->course, $options + ['assignfeedback_comments_enabled' => 1]);
    }

    /**
     * Grades the student, or another, as the teacher.
     *
     * @param \mod_assign_testable_assign $assign
     * @param float $grade
     * @param array $more feedback, workflowstate
     * @param stdClass|null $student
     */
    protected function grade(
        \mod_assign_testable_assign $assign,
        float $grade,
        array $more = [],
        ?stdClass $student = null
    ): void {
        $this->setUser($this->teacher);
        $data = (object) ($more + ['grade' => $grade, 'attemptnumber' => -1]);
        $data->assignfeedbackcomments_editor = ['text' => $more['feedback'] ?? '', 'format' => FORMAT_HTML];
        $assign->testable_apply_grade_to_user($data, ($student ?? $this->student)->id, 0);
    }
}
