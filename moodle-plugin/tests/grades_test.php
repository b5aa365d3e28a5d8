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

use local_moodle_zoho_sync\external\get_grades;
use local_moodle_zoho_sync\external\list_grades;

/**
 * Tests of grades that are asked for, through Moodle's own assignments and gradebook.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers \local_moodle_zoho_sync\grades
 * @covers \local_moodle_zoho_sync\external\get_grades
 * @covers \local_moodle_zoho_sync\external\list_grades
 */
final class grades_test extends tests\grades_testcase {
    /**
     * What is read is what was told.
     */
    public function test_the_same_as_told(): void {
        $scale = $this->getDataGenerator()->create_scale(['scale' => 'Refer, Pass, Merit, Distinction']);
        $assign = $this->assignment(['grade' => -$scale->id]);
        $this->grade($assign, 3);
        $told = $this->told();
        $read = $this->get(['userid' => $this->student->id, 'assignmentid' => $assign->get_instance()->id]);
        $this->assertSame([], $read['untold']);
        $this->assertEquals($told, $read['grades'][0]);
        $this->assertSame(['Merit', 2], [$read['grades'][0]['scale_label'], $read['grades'][0]['gradetype']]);
    }

    /**
     * A grade of the gradebook alone is read by its item.
     */
    public function test_an_item_that_is_no_assignment(): void {
        $item = $this->getDataGenerator()->create_grade_item(['courseid' => $this->course->id, 'itemname' => 'Talk']);
        $this->setAdminUser();
        \grade_item::fetch(['id' => $item->id])->update_final_grade($this->student->id, 88, 'gradebook');
        $told = $this->told();
        $read = $this->get(['userid' => $this->student->id, 'itemid' => $item->id]);
        $this->assertEquals([$told], $read['grades']);
        $this->assertNull($read['grades'][0]['assignment']);
    }

    /**
     * What no event would tell is not read, and says why.
     */
    public function test_what_is_not_told(): void {
        $assign = $this->assignment(['markingworkflow' => 1]);
        $this->grade($assign, 75, ['workflowstate' => ASSIGN_MARKING_WORKFLOW_STATE_INMARKING]);
        $id = (int) $assign->get_instance()->id;
        $read = $this->get(
            ['userid' => $this->student->id, 'assignmentid' => $id],
            ['userid' => $this->student->id, 'assignmentid' => $id + 1000],
            ['userid' => $this->student->id, 'itemid' => \grade_item::fetch_course_item($this->course->id)->id]
        );
        $this->assertSame([[], ['not_released', 'gone', 'total']], [$read['grades'], array_column($read['untold'], 'reason')]);
        $this->assertSame(['grades' => [], 'next' => 0], $this->list());
        set_config('sendgrades', 0, 'local_moodle_zoho_sync');
        $asked = ['userid' => $this->student->id, 'assignmentid' => $id];
        $this->assertSame(['switched_off'], array_column($this->get($asked)['untold'], 'reason'));
        $this->assertSame(['grades' => [], 'next' => 0], $this->list());
    }

    /**
     * The list goes in pages, and leaves totals out.
     */
    public function test_pages(): void {
        $assign = $this->assignment();
        $this->grade($assign, 60);
        $other = $this->getDataGenerator()->create_and_enrol($this->course);
        $this->grade($assign, 70, [], $other);
        $first = $this->list(0, 0, 1);
        $second = $this->list(0, $first['next'], 1);
        $this->assertSame(
            [[(int) $this->student->id], [(int) $other->id]],
            [array_column($first['grades'], 'userid'), array_column($second['grades'], 'userid')]
        );
        $this->assertSame([(int) $assign->get_instance()->id], array_column($first['grades'], 'assignmentid'));
        $this->assertSame(['grades' => [], 'next' => 0], $this->list(0, $second['next'], 1));
        $this->assertSame(2, count($this->list()['grades']));
    }

    /**
     * What was changed is listed: by its own time, by the gradebook's history, by the attempt's.
     */
    public function test_since(): void {
        global $DB;
        $this->grade($this->assignment(), 60);
        $old = time() - DAYSECS;
        $age = static function () use ($DB, $old): void {
            foreach (['grade_grades', 'grade_grades_history', 'assign_grades'] as $table) {
                $DB->set_field($table, 'timemodified', $old);
            }
        };
        $age();
        $this->assertSame([], $this->list($old + 1)['grades']);
        $this->assertSame([$old], array_column($this->list($old)['grades'], 'timemodified'));
        foreach (['grade_grades', 'grade_grades_history', 'assign_grades'] as $table) {
            $age();
            $DB->set_field($table, 'timemodified', $old + 5);
            $this->assertSame([$old + 5], array_column($this->list($old + 1)['grades'], 'timemodified'), $table);
        }
    }

    /**
     * A student may neither read nor list.
     */
    public function test_the_capability(): void {
        $this->setUser($this->student);
        foreach ([static fn() => list_grades::execute(), static fn() => get_grades::execute([])] as $call) {
            try {
                $call();
                $this->fail('no capability was asked for');
            } catch (\required_capability_exception $refused) {
                $this->assertSame('nopermissions', $refused->errorcode);
            }
        }
    }

    /**
     * No more than a call takes.
     */
    public function test_the_limit(): void {
        $this->setAdminUser();
        $this->expectException(\invalid_parameter_exception::class);
        get_grades::execute(array_fill(0, 51, ['userid' => 1, 'itemid' => 1]));
    }

    /**
     * Reads as Wasl's account does.
     *
     * @param array ...$grades
     * @return array
     */
    private function get(array ...$grades): array {
        $this->setAdminUser();
        return get_grades::clean_returnvalue(get_grades::execute_returns(), get_grades::execute($grades));
    }

    /**
     * Lists as Wasl's account does.
     *
     * @param int $since
     * @param int $after
     * @param int $limit
     * @return array
     */
    private function list(int $since = 0, int $after = 0, int $limit = 100): array {
        $this->setAdminUser();
        return list_grades::clean_returnvalue(list_grades::execute_returns(), list_grades::execute($since, $after, $limit));
    }
}
