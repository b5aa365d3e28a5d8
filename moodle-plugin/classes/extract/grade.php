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

namespace local_moodle_zoho_sync\extract;

use local_moodle_zoho_sync\settings;
use stdClass;

/**
 * A student's grade for one grade item, with its criteria where it was marked by the BTEC form. What stands in the
 * gradebook counts; it holds what was released only.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class grade {
    /** @var int Longest feedback that travels, in characters; longer ones go without their markup. */
    private const MAX_FEEDBACK = 60000;

    /**
     * Whether grades of this item are told: totals, categories and Moodle's own outcomes are not.
     *
     * @param stdClass|\grade_item $item
     * @return bool
     */
    public static function matters($item): bool {
        return in_array($item->itemtype, ['mod', 'manual'], true) && empty($item->outcomeid);
    }

    /**
     * The grade as it is now.
     *
     * @param stdClass $row of the outbox
     * @return array
     * @throws nothing_to_tell
     */
    public static function now(stdClass $row): array {
        global $CFG, $DB;
        require_once($CFG->libdir . '/grade/constants.php');
        $course = course::told((int) $row->courseid);
        $item = self::item($row);
        $user = $DB->get_record('user', ['id' => $row->userid, 'deleted' => 0]);
        if (!$item || !$user) {
            throw new nothing_to_tell('gone');
        }
        if (!self::matters($item)) {
            throw new nothing_to_tell('total');
        }
        $assign = self::assignment($item);
        $marked = $assign === null ? null : self::marked((int) $assign->id, (int) $user->id);
        $grade = $DB->get_record('grade_grades', ['itemid' => $item->id, 'userid' => $user->id]);
        $overridden = $grade && $grade->overridden > 0;
        if ($assign !== null && !$overridden) {
            self::refuse_unreleased($assign, (int) $user->id);
        }
        if (!$grade || $grade->finalgrade === null || !in_array((int) $item->gradetype, [GRADE_TYPE_VALUE, GRADE_TYPE_SCALE])) {
            throw new nothing_to_tell('no_grade');
        }
        $times = [(int) $grade->timemodified, (int) ($marked->timemodified ?? 0), (int) $row->timecreated];
        return self::of_item($item, (int) $user->id, $assign === null ? null : (int) $assign->id) + [
            'grade_id' => (string) $grade->id,
            'finalgrade' => (float) $grade->finalgrade,
            'course_name' => $course->fullname,
            'overridden' => (int) $overridden,
            'hidden' => (int) ($grade->hidden || $item->hidden),
            'student' => [
                'id' => (string) $user->id,
                'username' => $user->username,
                'name' => fullname($user, true),
                'idnumber' => $user->idnumber,
            ],
            'assignment' => $assign === null ? null : [
                'id' => (string) $assign->id,
                'cmid' => (string) $assign->cmid,
                'name' => $assign->name,
                'idnumber' => (string) $assign->idnumber,
            ],
            'attemptnumber' => $marked === null ? null : (int) $marked->attemptnumber,
            'feedback' => self::feedback($grade, $overridden ? null : $marked),
            'learning_outcomes' => $marked === null ? [] : outcomes::of((int) $marked->id),
            'timemodified' => max($times),
        ] + self::scale($item, (float) $grade->finalgrade) + self::grader($grade, $marked, $assign, $course);
    }

    /**
     * The grade as it was; its grade item stands in the event still.
     *
     * @param \core\event\grade_deleted $event
     * @return array|null null where grades of the item are not told
     */
    public static function deleted(\core\event\grade_deleted $event): ?array {
        $item = $event->get_grade()->grade_item;
        if (!$item || !self::matters($item)) {
            return null;
        }
        $assignid = self::is_assignment($item) ? (int) $item->iteminstance : null;
        return self::of_item($item, (int) $event->relateduserid, $assignid) + [
            'grade_id' => (string) $event->objectid,
            'assignment' => $assignid === null ? null : ['id' => (string) $assignid],
            'student' => ['id' => (string) $event->relateduserid],
            'deleted' => 1,
            'timemodified' => (int) $event->timecreated,
        ];
    }

    /**
     * What is the same for every grade of an item.
     *
     * @param stdClass|\grade_item $item
     * @param int $userid
     * @param int|null $assignid
     * @return array
     */
    private static function of_item($item, int $userid, ?int $assignid): array {
        return [
            'userid' => (string) $userid,
            'courseid' => (string) $item->courseid,
            'itemid' => (string) $item->id,
            'itemname' => (string) $item->itemname,
            'itemtype' => $item->itemtype,
            'itemmodule' => $item->itemmodule,
            'assignmentid' => $assignid === null ? null : (string) $assignid,
            'gradetype' => (int) $item->gradetype,
            'grademin' => (float) $item->grademin,
            'grademax' => (float) $item->grademax,
            'gradepass' => (float) $item->gradepass,
        ];
    }

    /**
     * The grade item that the row is about.
     *
     * @param stdClass $row of the outbox
     * @return stdClass|null
     */
    private static function item(stdClass $row): ?stdClass {
        global $DB;
        if ($row->itemid) {
            return $DB->get_record('grade_items', ['id' => $row->itemid]) ?: null;
        }
        return $DB->get_record_sql(
            "SELECT gi.*
               FROM {course_modules} cm
               JOIN {modules} m ON m.id = cm.module AND m.name = 'assign'
               JOIN {grade_items} gi ON gi.iteminstance = cm.instance AND gi.courseid = cm.course
              WHERE cm.id = :cmid AND gi.itemtype = 'mod' AND gi.itemmodule = 'assign' AND gi.itemnumber = 0",
            ['cmid' => $row->cmid]
        ) ?: null;
    }

    /**
     * Whether a grade item is the grade of an assignment.
     *
     * @param stdClass|\grade_item $item
     * @return bool
     */
    private static function is_assignment($item): bool {
        return $item->itemtype === 'mod' && $item->itemmodule === 'assign' && (int) $item->itemnumber === 0;
    }

    /**
     * The assignment of a grade item, with its course module's id and number.
     *
     * @param stdClass $item
     * @return stdClass|null null where the item is none
     * @throws nothing_to_tell
     */
    private static function assignment(stdClass $item): ?stdClass {
        global $DB;
        if (!self::is_assignment($item)) {
            return null;
        }
        $assign = $DB->get_record_sql(
            "SELECT a.*, cm.id AS cmid, cm.idnumber
               FROM {assign} a
               JOIN {course_modules} cm ON cm.instance = a.id AND cm.course = a.course
               JOIN {modules} m ON m.id = cm.module AND m.name = 'assign'
              WHERE a.id = :id",
            ['id' => $item->iteminstance]
        );
        if (!$assign) {
            throw new nothing_to_tell('gone');
        }
        return $assign;
    }

    /**
     * The newest attempt that has a grade. A reopened attempt starts with a row whose grade is -1.
     *
     * @param int $assignid
     * @param int $userid
     * @return stdClass|null of assign_grades
     */
    public static function marked(int $assignid, int $userid): ?stdClass {
        global $DB;
        $rows = $DB->get_records_select(
            'assign_grades',
            'assignment = :assignid AND userid = :userid AND grade >= 0',
            ['assignid' => $assignid, 'userid' => $userid],
            'attemptnumber DESC',
            '*',
            0,
            1
        );
        return $rows ? reset($rows) : null;
    }

    /**
     * Stops at a grade that the marking workflow has not released, or whose student is still hidden from markers.
     *
     * @param stdClass $assign
     * @param int $userid
     * @throws nothing_to_tell
     */
    private static function refuse_unreleased(stdClass $assign, int $userid): void {
        global $DB;
        if ($assign->markingworkflow) {
            $state = $DB->get_field('assign_user_flags', 'workflowstate', ['assignment' => $assign->id, 'userid' => $userid]);
            if ($state !== 'released') {
                throw new nothing_to_tell('not_released');
            }
        }
        if ($assign->blindmarking && !$assign->revealidentities && empty($assign->markinganonymous)) {
            throw new nothing_to_tell('identities_hidden');
        }
    }

    /**
     * A scale's labels and the one that the grade stands for.
     *
     * @param stdClass $item
     * @param float $finalgrade
     * @return array
     */
    private static function scale(stdClass $item, float $finalgrade): array {
        global $DB;
        if ((int) $item->gradetype !== GRADE_TYPE_SCALE) {
            return [];
        }
        $labels = array_map('trim', explode(',', (string) $DB->get_field('scale', 'scale', ['id' => $item->scaleid])));
        return [
            'scale' => $labels,
            'scale_label' => $labels[(int) round($finalgrade) - 1] ?? null,
        ];
    }

    /**
     * The feedback in the gradebook; where the gradebook takes none, the comment on the attempt.
     *
     * @param stdClass $grade of grade_grades
     * @param stdClass|null $marked of assign_grades
     * @return string
     */
    private static function feedback(stdClass $grade, ?stdClass $marked): string {
        global $DB;
        $feedback = (string) $grade->feedback;
        if ($feedback === '' && $marked !== null) {
            $feedback = (string) $DB->get_field('assignfeedback_comments', 'commenttext', ['grade' => $marked->id]);
        }
        if (\core_text::strlen($feedback) <= self::MAX_FEEDBACK) {
            return $feedback;
        }
        // Pictures pasted into the text make it too long for one event.
        return \core_text::substr(trim(html_to_text($feedback, 0, false)), 0, self::MAX_FEEDBACK);
    }

    /**
     * Who graded, and as what. The gradebook may name the student himself there, so the attempt is asked first.
     *
     * @param stdClass $grade of grade_grades
     * @param stdClass|null $marked of assign_grades
     * @param stdClass|null $assign
     * @param stdClass $course
     * @return array
     */
    private static function grader(stdClass $grade, ?stdClass $marked, ?stdClass $assign, stdClass $course): array {
        global $DB;
        $graderid = (int) $grade->usermodified;
        if (!$grade->overridden && $marked !== null && $marked->grader > 0) {
            $graderid = (int) $marked->grader;
        }
        $grader = $graderid > 0 && $graderid !== (int) $grade->userid ? $DB->get_record('user', ['id' => $graderid]) : false;
        if (!$grader) {
            return ['grader' => null, 'grader_role' => null];
        }
        $context = $assign === null ? \context_course::instance($course->id) : \context_module::instance($assign->cmid);
        return [
            'grader' => ['id' => (string) $grader->id, 'username' => $grader->username, 'name' => fullname($grader, true)],
            'grader_role' => self::grader_role((int) $grader->id, $context),
        ];
    }

    /**
     * Whether a grader acts as an internal verifier or as a teacher, by capability or by role.
     *
     * @param int $userid
     * @param \context $context
     * @return string|null iv, teacher, or null for neither
     */
    private static function grader_role(int $userid, \context $context): ?string {
        $assignments = array_values(get_user_roles($context, $userid, true));
        $roleids = array_map(static fn($assignment): int => (int) $assignment->roleid, $assignments);
        $verifies = has_capability('local/moodle_zoho_sync:internalverifier', $context, $userid, false);
        if ($verifies || array_intersect($roleids, settings::roles('iv')) !== []) {
            return 'iv';
        }
        $grades = has_capability('moodle/grade:edit', $context, $userid, false);
        return $grades || array_intersect($roleids, settings::roles('teacher')) !== [] ? 'teacher' : null;
    }
}
