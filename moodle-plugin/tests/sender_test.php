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

use GuzzleHttp\Exception\ConnectException;
use GuzzleHttp\Psr7\Request;

/**
 * Tests of delivery, with Moodle's own client and a backend of given answers.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers \local_moodle_zoho_sync\sender
 * @covers \local_moodle_zoho_sync\backend
 * @covers \local_moodle_zoho_sync\answer
 * @covers \local_moodle_zoho_sync\outbox
 */
final class sender_test extends tests\events_testcase {
    /** @var array The answer to the question for states. */
    private const NO_STATES = [200, ['events' => []]];

    /**
     * Events arrive in order, each signed, at the address of their type.
     */
    public function test_events_are_sent_in_order(): void {
        set_config('endpoint', 'ep_1', 'local_moodle_zoho_sync');
        set_config('tenant', 'al-noor', 'local_moodle_zoho_sync');
        $this->record_user('a');
        $this->record_user('b');
        $this->answers(202, 202, self::NO_STATES);
        $run = sender::run();
        $this->assertSame([2, 0, 0, ''], [$run->sent, $run->skipped, $run->dead, $run->stopped]);
        $this->assertSame(['sent', 'sent'], array_column($this->rows(), 'state'));
        $sent = array_map('json_decode', $this->bodies('/api/v1/events/moodle/user_created'));
        $this->assertSame(['a', 'b'], array_map(static fn($event) => $event->data->username, $sent));
        $this->assertSame(array_map('intval', array_column($this->rows(), 'id')), array_column($sent, 'sequence'));

        $request = $this->requests[0]['request'];
        $this->assertSame('endpoint=ep_1', $request->getUri()->getQuery());
        $this->assertSame('al-noor', $request->getHeaderLine('x-tenant-id'));
        $this->assertSame($sent[0]->id, $request->getHeaderLine('webhook-id'));
        $expected = envelope::headers(
            self::SECRET,
            $sent[0]->id,
            (int) $request->getHeaderLine('webhook-timestamp'),
            (string) $request->getBody()
        );
        $this->assertSame($expected['webhook-signature'], $request->getHeaderLine('webhook-signature'));
    }

    /**
     * All types may go through one door.
     */
    public function test_one_door(): void {
        set_config('door', 'webhooks', 'local_moodle_zoho_sync');
        $this->record_user('a');
        $this->answers(202, self::NO_STATES);
        sender::run();
        $this->assertCount(1, $this->bodies('/api/v1/webhooks'));
    }

    /**
     * Outages, after which everything waits in its order.
     *
     * @return array[]
     */
    public static function outages(): array {
        return ['503' => [503], '429' => [429], '401' => [401], '404' => [404], 'the first 500' => [500]];
    }

    /**
     * While the backend takes nothing, nothing is lost, and the order stays; repeats are the same bytes.
     *
     * @dataProvider outages
     * @param int $status
     */
    public function test_an_outage_holds_everything_up(int $status): void {
        global $DB;
        $this->record_user('a');
        $this->record_user('b');
        $this->answers($status);
        $run = sender::run();
        $this->assertNotSame('', $run->stopped);
        $this->assertSame(['waiting', 'waiting'], array_column($this->rows(), 'state'));
        [$first, $second] = $this->rows();
        $this->assertEquals([1, 0, $status], [$first->tries, $second->tries, $first->httpstatus]);
        $this->assertEqualsWithDelta(time() + MINSECS, $first->nextattempt, 5);

        // Not before its time.
        $this->assertNotSame('', sender::run()->stopped);
        $this->assertCount(1, $this->requests);

        $DB->set_field('user', 'city', 'Changed since', ['id' => $first->userid]);
        outbox::hurry();
        $this->answers(202, 202, self::NO_STATES);
        $this->assertSame(2, sender::run()->sent);
        $bodies = $this->bodies('/user_created');
        $this->assertCount(3, $bodies);
        $this->assertSame($bodies[0], $bodies[1]);
        $this->assertStringContainsString('"username":"b"', $bodies[2]);
    }

    /**
     * No answer at all.
     */
    public function test_no_connection(): void {
        $this->record_user('a');
        $this->backend->append(new ConnectException('Connection refused', new Request('POST', 'https://wasl.example')));
        $this->assertStringContainsString('Connection refused', sender::run()->stopped);
        $this->assertEquals([1, 0], [$this->rows()[0]->tries, $this->rows()[0]->httpstatus]);
    }

    /**
     * The wait grows to a quarter of an hour; a longer one that the backend asks for is kept.
     */
    public function test_waits_grow(): void {
        global $DB;
        $id = $this->record_user('a');
        foreach ([[1, 120, []], [3, 480, []], [9, 900, []], [0, 1800, ['Retry-After' => '1800']]] as [$tries, $wait, $headers]) {
            $DB->update_record(outbox::TABLE, (object) ['id' => $id, 'tries' => $tries, 'nextattempt' => 0]);
            $this->answers([503, [], $headers]);
            sender::run();
            $this->assertEqualsWithDelta(time() + $wait, $this->rows()[0]->nextattempt, 5);
        }
    }

    /**
     * What was tried for too long is given up, and the next is tried; a person's retry starts anew.
     */
    public function test_dead_letters(): void {
        global $DB;
        $id = $this->record_user('a');
        $this->record_user('b');
        $DB->set_field(outbox::TABLE, 'timequeued', time() - 8 * DAYSECS, ['id' => $id]);
        $this->answers(503);
        $this->assertSame(1, sender::run()->dead);
        $this->assertSame(['dead', 'waiting'], array_column($this->rows(), 'state'));
        $this->assertSame(\core\check\result::ERROR, (new check\delivery())->get_result()->get_status());
        $bytes = $this->rows()[0]->payload;

        $this->assertSame(1, outbox::retry("state = :given OR outcome IN ('FAILED', 'INVALID')", ['given' => outbox::DEAD]));
        $this->answers(202, 202, self::NO_STATES);
        $this->assertSame(2, sender::run()->sent);
        $this->assertSame($bytes, $this->rows()[0]->payload);
    }

    /**
     * Bytes that are refused are a dead letter at once, and hold nobody up.
     */
    public function test_refused_bytes(): void {
        $this->record_user('a');
        $this->record_user('b');
        $this->answers([413, ['message' => 'too large']], 202, self::NO_STATES);
        $run = sender::run();
        $this->assertSame([1, 1], [$run->dead, $run->sent]);
        $this->assertSame('HTTP 413 too large', $this->rows()[0]->message);
    }

    /**
     * An event over which the backend stumbles again and again no longer holds up the others.
     */
    public function test_one_bad_event_does_not_block(): void {
        global $DB;
        $id = $this->record_user('a');
        $this->record_user('b');
        $DB->set_field(outbox::TABLE, 'tries', 4, ['id' => $id]);
        $this->answers(500, 202, self::NO_STATES);
        $this->assertSame(1, sender::run()->sent);
        $this->assertSame(['waiting', 'sent'], array_column($this->rows(), 'state'));
        $this->assertEquals(1, $this->rows()[0]->held);
    }

    /**
     * What cannot be read now does not hold up the others either.
     */
    public function test_an_unreadable_event_does_not_block(): void {
        outbox::add(['type' => 'planet_created']);
        $this->record_user('b');
        $this->answers(202, self::NO_STATES);
        $this->assertSame(1, sender::run()->sent);
        $this->assertSame(['waiting', 'sent'], array_column($this->rows(), 'state'));
        $this->assertStringContainsString('planet_created', $this->rows()[0]->message);
    }

    /**
     * Moodle's own list of blocked hosts holds, and the message says what to do.
     */
    public function test_blocked_hosts(): void {
        \core\di::set(\core\http_client::class, new \core\http_client());
        set_config('curlsecurityblockedhosts', 'localhost');
        set_config('backendurl', 'http://localhost:8001', 'local_moodle_zoho_sync');
        $this->record_user('a');
        $this->assertSame(get_string('errorblocked', 'local_moodle_zoho_sync'), sender::run()->stopped);
        $this->assertDebuggingCalled();
    }

    /**
     * Without a secret nothing is sent, with a broken one neither; both are said.
     */
    public function test_without_a_secret(): void {
        set_config('secret', '', 'local_moodle_zoho_sync');
        $this->record_user('a');
        $this->assertNull(sender::run());
        $this->assertSame(\core\check\result::WARNING, (new check\delivery())->get_result()->get_status());
        set_config('secret', 'whsec_short', 'local_moodle_zoho_sync');
        $this->assertStringContainsString(get_string('errorsecret', 'local_moodle_zoho_sync'), sender::run()->stopped);
        $this->assertSame(['waiting'], array_column($this->rows(), 'state'));
    }

    /**
     * The scheduled task does not fail with the backend.
     */
    public function test_the_task_does_not_throw(): void {
        $this->record_user('a');
        $this->answers(503);
        $this->expectOutputRegex('/Sent: 0/');
        (new task\send_events())->execute();
        (new task\wake_up())->execute();
    }

    /**
     * Old events leave, those that wait stay.
     */
    public function test_purge(): void {
        global $DB;
        $old = $this->record_user('a');
        $waits = $this->record_user('b');
        $DB->set_field(outbox::TABLE, 'timequeued', time() - 100 * DAYSECS);
        $DB->set_field(outbox::TABLE, 'state', outbox::DONE, ['id' => $old]);
        (new task\clean_up())->execute();
        $this->assertEquals([$waits], array_column($this->rows(), 'id'));
    }
}
