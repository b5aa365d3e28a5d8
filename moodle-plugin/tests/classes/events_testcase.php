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

use GuzzleHttp\Handler\MockHandler;
use GuzzleHttp\Psr7\Response;
use local_moodle_zoho_sync\extract\nothing_to_tell;
use local_moodle_zoho_sync\extractor;
use local_moodle_zoho_sync\outbox;
use stdClass;

/**
 * A site with a backend set, and words for what is looked at in the tests.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
abstract class events_testcase extends \advanced_testcase {
    /** @var string A key of 32 bytes. */
    protected const SECRET = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';

    /** @var MockHandler The backend's side of the connection. */
    protected MockHandler $backend;

    /** @var array[] Requests that left, with their responses. */
    protected array $requests = [];

    /**
     * Sets the backend.
     */
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        set_config('backendurl', 'https://wasl.example', 'local_moodle_zoho_sync');
        set_config('secret', self::SECRET, 'local_moodle_zoho_sync');
        $this->requests = [];
        $this->backend = $this->get_mocked_http_client($this->requests)['mock'];
    }

    /**
     * Forgets what the making of the test's people and courses recorded.
     */
    protected function begin(): void {
        global $DB;
        $DB->delete_records(outbox::TABLE);
    }

    /**
     * The outbox in order.
     *
     * @return stdClass[]
     */
    protected function rows(): array {
        global $DB;
        return array_values($DB->get_records(outbox::TABLE, null, 'id'));
    }

    /**
     * The types in the outbox in order.
     *
     * @return string[]
     */
    protected function types(): array {
        return array_column($this->rows(), 'type');
    }

    /**
     * The newest row, read as at its first send.
     *
     * @return array the payload's data
     */
    protected function told(): array {
        $rows = $this->rows();
        $row = end($rows);
        extractor::prepare($row);
        return json_decode($row->payload, true)['data'];
    }

    /**
     * Why the newest row is not sent.
     *
     * @return string
     */
    protected function untold(): string {
        try {
            $this->told();
        } catch (nothing_to_tell $nothing) {
            return $nothing->reason;
        }
        return '';
    }

    /**
     * Records an event about a user, as an observer would.
     *
     * @param string $name of the user
     * @return int the row's id
     */
    protected function record_user(string $name): int {
        $user = $this->getDataGenerator()->create_user(['username' => $name]);
        $rows = $this->rows();
        $this->assertEquals($user->id, end($rows)->userid);
        return (int) end($rows)->id;
    }

    /**
     * Lets the backend answer so, in order.
     *
     * @param int|array ...$answers a status, or [status, body, headers]
     */
    protected function answers(...$answers): void {
        foreach ($answers as $answer) {
            [$status, $body, $headers] = (array) $answer + [null, [], []];
            $this->backend->append(new Response($status, $headers, json_encode($body)));
        }
    }

    /**
     * The bodies of all requests to an address, in order.
     *
     * @param string $path how it ends
     * @return string[]
     */
    protected function bodies(string $path): array {
        $bodies = [];
        foreach ($this->requests as ['request' => $request]) {
            if (str_ends_with($request->getUri()->getPath(), $path)) {
                $bodies[] = (string) $request->getBody();
            }
        }
        return $bodies;
    }
}
