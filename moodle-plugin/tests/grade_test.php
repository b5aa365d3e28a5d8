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
 * Tests of grades, through Moodle's own assignments and gradebook.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers \local_moodle_zoho_sync\extract\grade
 * @covers \local_moodle_zoho_sync\extract\outcomes
 * @covers \local_moodle_zoho_sync\external\get_submission_outcomes
 */
final class grade_test extends tests\grades_testcase {
    /**
     * Points: the gradebook's event and the assignment's, and the total's not; both have one key.
     */
    public function test_points(): void {
        $assign = $this->assignment();
        $this->grade($assign, 69.99, ['feedback' => 'Good']);
        $this->assertSame(['grade_updated', 'grade_updated'], $this->types());
        $told = $this->told();
        $id = (string) $assign->get_instance()->id;
        $this->assertSame([69.99, 1, $id, $id, 'Unit 1'], [
            $told['finalgrade'], $told['gradetype'], $told['assignmentid'], $told['assignment']['id'], $told['course_name'],
        ]);
        $this->assertSame([(string) $this->student->id, (string) $this->student->id], [$told['userid'], $told['student']['id']]);
        $this->assertSame([(string) $this->teacher->id, 'teacher', 0], [
            $told['grader']['id'], $told['grader_role'], $told['overridden'],
        ]);
        $this->assertStringContainsString('Good', $told['feedback']);
        foreach ($this->rows() as $row) {
            $row->act = $row->id;
            extractor::prepare($row);
            $this->assertSame("grade:{$this->student->id}_$id", $row->subject);
        }
    }

    /**
     * A scale travels with its labels.
     */
    public function test_a_scale(): void {
        $scale = $this->getDataGenerator()->create_scale(['scale' => 'Refer, Pass, Merit, Distinction']);
        $this->grade($this->assignment(['grade' => -$scale->id]), 3);
        $told = $this->told();
        $this->assertSame([2, 3, 'Merit', ['Refer', 'Pass', 'Merit', 'Distinction']], [
            $told['gradetype'], (int) $told['finalgrade'], $told['scale_label'], $told['scale'],
        ]);
    }

    /**
     * Under a marking workflow a grade counts when it is released.
     */
    public function test_the_workflow(): void {
        $assign = $this->assignment(['markingworkflow' => 1]);
        $this->grade($assign, 75, ['workflowstate' => ASSIGN_MARKING_WORKFLOW_STATE_INMARKING]);
        $this->assertSame('not_released', $this->untold());
        $this->grade($assign, 75, ['workflowstate' => ASSIGN_MARKING_WORKFLOW_STATE_RELEASED]);
        $this->assertSame(75, $this->told()['finalgrade']);
    }

    /**
     * A grade of a student who is hidden from the markers is not told.
     */
    public function test_hidden_identities(): void {
        $assign = $this->assignment(['blindmarking' => 1]);
        $this->grade($assign, 75);
        $this->tell($assign);
        $this->assertSame('identities_hidden', $this->untold());
    }

    /**
     * An attempt that was reopened, and not graded, is no grade.
     */
    public function test_no_grade(): void {
        $assign = $this->assignment();
        $assign->get_user_grade($this->student->id, true);
        $this->tell($assign);
        $this->assertSame('no_grade', $this->untold());
    }

    /**
     * An override counts, with who overrode.
     */
    public function test_an_override(): void {
        $assign = $this->assignment();
        $this->grade($assign, 75);
        $this->setAdminUser();
        $this->item($assign)->update_final_grade($this->student->id, 41, 'gradebook', 'After appeal', FORMAT_HTML);
        $told = $this->told();
        $this->assertSame([41, 1, 'After appeal', (string) get_admin()->id], [
            $told['finalgrade'], $told['overridden'], $told['feedback'], $told['grader']['id'],
        ]);
    }

    /**
     * The internal verifier, by role and by capability.
     */
    public function test_the_verifier(): void {
        global $DB;
        $assign = $this->assignment();
        $role = $DB->get_field('role', 'id', ['shortname' => 'teacher']);
        set_config('ivroles', $role, 'local_moodle_zoho_sync');
        $this->grade($assign, 60);
        $this->assertSame('iv', $this->told()['grader_role']);
        set_config('ivroles', '', 'local_moodle_zoho_sync');
        $this->begin();
        $this->grade($assign, 61);
        $this->assertSame('teacher', $this->told()['grader_role']);
        assign_capability('local/moodle_zoho_sync:internalverifier', CAP_ALLOW, $role, \context_system::instance());
        $this->begin();
        $this->grade($assign, 62);
        $this->assertSame('iv', $this->told()['grader_role']);
    }

    /**
     * An item that is no assignment has no assignment's id; totals and categories are not told.
     */
    public function test_other_items(): void {
        $item = $this->getDataGenerator()->create_grade_item(['courseid' => $this->course->id, 'itemname' => 'Talk']);
        \grade_item::fetch(['id' => $item->id])->update_final_grade($this->student->id, 88, 'gradebook');
        $this->assertSame(['grade_updated'], $this->types());
        $told = $this->told();
        $this->assertSame([null, null, 'manual', (string) $item->id], [
            $told['assignmentid'], $told['assignment'], $told['itemtype'], $told['itemid'],
        ]);
        $total = \grade_item::fetch_course_item($this->course->id);
        outbox::add([
            'type' => 'grade_updated',
            'userid' => $this->student->id,
            'courseid' => $this->course->id,
            'itemid' => $total->id,
        ]);
        $this->assertSame('total', $this->untold());
    }

    /**
     * A deleted grade is told as it was, under the key of the assignment.
     */
    public function test_a_deleted_grade(): void {
        $assign = $this->assignment();
        $this->grade($assign, 75);
        $this->begin();
        $grade = \grade_grade::fetch(['itemid' => $this->item($assign)->id, 'userid' => $this->student->id]);
        $grade->load_grade_item();
        $grade->delete();
        $this->assertSame(['grade_deleted'], $this->types());
        $this->assertSame((string) $assign->get_instance()->id, $this->told()['assignmentid']);
    }

    /**
     * The criteria of the BTEC form travel with the grade, and through the web service.
     */
    public function test_btec_outcomes(): void {
        global $DB;
        if (\core_component::get_plugin_directory('gradingform', 'btec') === null) {
            $this->markTestSkipped('The grading form gradingform_btec is not installed.');
        }
        $assign = $this->assignment();
        $this->grade($assign, 75);
        $gradeid = $assign->get_user_grade($this->student->id, false)->id;
        $instance = $this->btec_form($assign, ['P1' => 'Explain', 'M1' => 'Assess', 'D1' => 'Evaluate'], $gradeid);
        foreach (['P1' => [1, 'Met'], 'M1' => [0, 'Not yet']] as $code => [$score, $remark]) {
            $DB->insert_record('gradingform_btec_fillings', (object) [
                'instanceid' => $instance,
                'criterionid' => $DB->get_field('gradingform_btec_criteria', 'id', ['shortname' => $code]),
                'score' => $score,
                'remark' => $remark,
                'remarkformat' => FORMAT_PLAIN,
            ]);
        }
        $expected = [
            ['code' => 'P1', 'description' => 'Explain', 'score' => 1, 'feedback' => 'Met', 'achieved' => true],
            ['code' => 'M1', 'description' => 'Assess', 'score' => 0, 'feedback' => 'Not yet', 'achieved' => false],
            ['code' => 'D1', 'description' => 'Evaluate', 'score' => null, 'feedback' => '', 'achieved' => false],
        ];
        $this->assertSame($expected, $this->told()['learning_outcomes']);

        $this->setUser($this->teacher);
        $answer = external\get_submission_outcomes::execute($assign->get_instance()->id, $this->student->id);
        $answer = \core_external\external_api::clean_returnvalue(external\get_submission_outcomes::execute_returns(), $answer);
        $this->assertEquals($expected, $answer['outcomes']);
        $this->assertEquals([true, 0, 75], [$answer['graded'], $answer['attemptnumber'], $answer['grade']]);
    }

    /**
     * A student may not read outcomes.
     */
    public function test_the_web_service_needs_its_capability(): void {
        $assign = $this->assignment();
        $this->setUser($this->student);
        $this->expectException(\required_capability_exception::class);
        external\get_submission_outcomes::execute($assign->get_instance()->id, $this->student->id);
    }

    /**
     * Records an event about the student's grade for an assignment.
     *
     * @param \mod_assign_testable_assign $assign
     */
    private function tell(\mod_assign_testable_assign $assign): void {
        outbox::add([
            'type' => 'grade_updated',
            'userid' => $this->student->id,
            'courseid' => $this->course->id,
            'cmid' => $assign->get_course_module()->id,
        ]);
    }

    /**
     * The grade item of an assignment.
     *
     * @param \mod_assign_testable_assign $assign
     * @return \grade_item
     */
    private function item(\mod_assign_testable_assign $assign): \grade_item {
        return \grade_item::fetch(['itemmodule' => 'assign', 'iteminstance' => $assign->get_instance()->id]);
    }

    /**
     * A BTEC form with a marking of an attempt, as the form itself stores it.
     *
     * @param \mod_assign_testable_assign $assign
     * @param string[] $criteria description by code
     * @param int $gradeid
     * @return int the marking's id
     */
    private function btec_form(\mod_assign_testable_assign $assign, array $criteria, int $gradeid): int {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/grade/grading/lib.php');
        $manager = get_grading_manager($assign->get_context(), 'mod_assign', 'submissions');
        $manager->set_active_method('btec');
        $area = $DB->get_field('grading_areas', 'id', ['contextid' => $assign->get_context()->id]);
        $times = ['timecreated' => time(), 'timemodified' => time(), 'usercreated' => 2, 'usermodified' => 2];
        $definition = $DB->insert_record('grading_definitions', (object) ($times + [
            'areaid' => $area,
            'method' => 'btec',
            'name' => 'Unit 1',
            'status' => 20,
        ]));
        $order = 1;
        foreach ($criteria as $code => $description) {
            $DB->insert_record('gradingform_btec_criteria', (object) [
                'definitionid' => $definition,
                'sortorder' => $order++,
                'shortname' => $code,
                'description' => $description,
            ]);
        }
        return $DB->insert_record('grading_instances', (object) [
            'definitionid' => $definition,
            'raterid' => $this->teacher->id,
            'itemid' => $gradeid,
            'status' => 1,
            'timemodified' => time(),
        ]);
    }
}
