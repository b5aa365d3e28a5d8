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
 * Tests of the states that are asked for after sending.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers \local_moodle_zoho_sync\tracker
 */
final class tracker_test extends tests\events_testcase {
    /**
     * What the backend may answer, and where the event stands then.
     *
     * @return array[]
     */
    public static function states(): array {
        return [
            'created' => [['outcome' => 'NEW', 'action' => 'created', 'btec_grade' => 'Merit'], 'done'],
            'updated' => [['outcome' => 'UPDATED', 'action' => 'updated'], 'done'],
            'stored, not pushed yet' => [['outcome' => 'NEW'], 'sent'],
            'unchanged' => [['outcome' => 'UNCHANGED', 'reason' => 'echo'], 'done'],
            'skipped' => [['outcome' => 'SKIPPED', 'reason' => 'no_role_yet'], 'done'],
            'invalid' => [['outcome' => 'INVALID', 'message' => 'no email'], 'done'],
            'waits' => [['outcome' => 'WAITING', 'message' => 'waits for class 501'], 'sent'],
            'failed' => [['outcome' => 'FAILED', 'message' => 'Zoho says no'], 'sent'],
            'open' => [['outcome' => 'open'], 'sent'],
        ];
    }

    /**
     * The answer is shown in the log.
     *
     * @dataProvider states
     * @param array $answer
     * @param string $state
     */
    public function test_states(array $answer, string $state): void {
        $this->record_user('a');
        $id = $this->rows()[0]->eventid;
        $this->answers(202, [200, ['events' => [['id' => 'x1', 'notification_id' => $id] + $answer]]]);
        sender::run();
        $this->assertSame([json_encode(['ids' => [$id]])], $this->bodies('/api/v1/events/status'));
        $row = $this->rows()[0];
        $this->assertSame($state, $row->state);
        $columns = ['outcome' => 'outcome', 'action' => 'action', 'reason' => 'reason', 'btec_grade' => 'grade'];
        foreach ($columns as $name => $column) {
            $this->assertSame($answer[$name] ?? null, $row->$column);
        }
        $this->assertSame($answer['message'] ?? null, $row->message);
    }

    /**
     * Unfinished events are asked about again, later and later; an event that is unknown there stays as it is.
     */
    public function test_it_asks_again(): void {
        global $DB;
        $this->record_user('a');
        $this->answers(202, [200, ['events' => []]]);
        sender::run();
        $this->assertEquals([1, null], [$this->rows()[0]->checks, $this->rows()[0]->outcome]);
        sender::run();
        $this->assertCount(2, $this->requests);
        $DB->set_field(outbox::TABLE, 'nextcheck', 0);
        $this->answers([200, ['events' => []]]);
        sender::run();
        $this->assertEqualsWithDelta(time() + 2 * MINSECS, $this->rows()[0]->nextcheck, 5);
    }

    /**
     * A backend that refuses the question leaves the log as it is.
     */
    public function test_an_outage(): void {
        $this->record_user('a');
        $this->answers(202, 503);
        sender::run();
        $this->assertEquals(['sent', 0], [$this->rows()[0]->state, $this->rows()[0]->checks]);
    }
}
