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

use local_moodle_zoho_sync\extract\nothing_to_tell;
use stdClass;

/**
 * Empties the outbox in order. Runs alone in the whole site, and throws nothing for a failure that is to be expected.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class sender {
    /** @var int Rows that are read at a time. */
    private const BATCH = 100;

    /** @var int Seconds after a first failure; doubled by each further one. */
    private const FIRST_WAIT = 60;

    /** @var int Seconds after any failure at most. */
    private const LONGEST_WAIT = 900;

    /** @var int Tries after which an event over which the backend stumbles no longer holds up the others. */
    private const PATIENCE = 5;

    /** @var backend */
    private backend $backend;

    /** @var int Events that the backend accepted. */
    public int $sent = 0;

    /** @var int Events with nothing to tell. */
    public int $skipped = 0;

    /** @var int Events given up. */
    public int $dead = 0;

    /** @var string Why the run ended early; empty where it did not. */
    public string $stopped = '';

    /**
     * With the connection of this run.
     */
    public function __construct() {
        $this->backend = new backend();
    }

    /**
     * Sends what waits, then asks where the unfinished events stand.
     *
     * @param int $seconds after which no further event is begun
     * @return self|null null where another process is at it, or no backend is set
     */
    public static function run(int $seconds = 240): ?self {
        if (!settings::ready()) {
            return null;
        }
        $lock = \core\lock\lock_config::get_lock_factory('local_moodle_zoho_sync')->get_lock('outbox', 0);
        if (!$lock) {
            return null;
        }
        try {
            $sender = new self();
            $sender->send(time() + $seconds);
            if ($sender->stopped === '') {
                (new tracker($sender->backend))->ask();
            }
            return $sender;
        } finally {
            $lock->release();
        }
    }

    /**
     * Sends in order until nothing waits, the time is up, or the backend does not take them.
     *
     * @param int $until seconds since 1970
     */
    private function send(int $until): void {
        $after = 0;
        do {
            $rows = outbox::waiting($after, self::BATCH, time());
            foreach ($rows as $row) {
                $after = (int) $row->id;
                if (time() >= $until) {
                    $this->stopped = get_string('stoppedtime', 'local_moodle_zoho_sync');
                    return;
                }
                if (!$row->held && $row->nextattempt > time()) {
                    $this->stopped = get_string('stoppedwait', 'local_moodle_zoho_sync', userdate($row->nextattempt));
                    return;
                }
                if (!$this->send_one($row)) {
                    return;
                }
            }
        } while ($rows);
    }

    /**
     * Sends one event.
     *
     * @param stdClass $row
     * @return bool false where those behind it must wait
     */
    private function send_one(stdClass $row): bool {
        try {
            extractor::prepare($row);
        } catch (nothing_to_tell $nothing) {
            outbox::update($row, ['state' => outbox::SKIPPED, 'reason' => $nothing->reason, 'message' => null]);
            $this->skipped++;
            return true;
        } catch (\Throwable $error) {
            // Not to be read just now, or never: the others go on.
            $this->failed($row, 0, $error->getMessage(), true, 0);
            return true;
        }
        try {
            $answer = $this->backend->send($row->type, $row->eventid, $row->payload);
        } catch (\moodle_exception $error) {
            $answer = new answer(0, $error->getMessage());
        }
        if ($answer->is_accepted()) {
            $this->sent++;
            outbox::update($row, [
                'state' => outbox::SENT,
                'held' => 0,
                'httpstatus' => $answer->status,
                'message' => null,
                'timesent' => time(),
                'nextcheck' => 0,
            ]);
            return true;
        }
        if ($answer->is_refused()) {
            $this->give_up($row, $answer->status, $answer->message());
            return true;
        }
        $alone = $answer->is_stumble() && ($row->held || $row->tries + 1 >= self::PATIENCE);
        $this->failed($row, $answer->status, $answer->message(), $alone, $answer->retryafter);
        if ($alone) {
            return true;
        }
        $this->stopped = $answer->message();
        return false;
    }

    /**
     * Puts an event off, or gives it up when it has failed for too long.
     *
     * @param stdClass $row
     * @param int $status
     * @param string $message
     * @param bool $alone whether the others need not wait for it
     * @param int $retryafter seconds that the backend asked for
     */
    private function failed(stdClass $row, int $status, string $message, bool $alone, int $retryafter): void {
        if ($row->timequeued + settings::dead_after() <= time()) {
            $this->give_up($row, $status, $message);
            return;
        }
        $wait = min(self::LONGEST_WAIT, self::FIRST_WAIT * 2 ** min(10, (int) $row->tries));
        outbox::update($row, [
            'tries' => $row->tries + 1,
            'held' => (int) $alone,
            'nextattempt' => time() + max($wait, min(HOURSECS, $retryafter)),
            'httpstatus' => $status,
            'message' => $message,
        ]);
    }

    /**
     * Makes an event a dead letter.
     *
     * @param stdClass $row
     * @param int $status
     * @param string $message
     */
    private function give_up(stdClass $row, int $status, string $message): void {
        $this->dead++;
        outbox::update($row, [
            'state' => outbox::DEAD,
            'tries' => $row->tries + 1,
            'httpstatus' => $status,
            'message' => $message,
        ]);
    }
}
