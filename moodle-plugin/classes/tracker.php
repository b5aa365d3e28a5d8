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

use stdClass;

/**
 * Asks the backend what became of events that it accepted, and shows it in the log.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class tracker {
    /** @var int Events that one request may ask about. */
    private const MOST = 500;

    /** @var string[] Outcomes after which nothing more happens. */
    private const FINAL = ['UNCHANGED', 'SKIPPED', 'DELETED', 'INVALID'];

    /** @var int Times to ask for the action of a new or updated record: where a flow pushes nothing, none comes. */
    private const ASK_FOR_ACTION = 8;

    /** @var int Times to ask at all; with the growing waits this is about a month. */
    private const ASK = 40;

    /** @var backend */
    private backend $backend;

    /**
     * With the connection of this run.
     *
     * @param backend $backend
     */
    public function __construct(backend $backend) {
        $this->backend = $backend;
    }

    /**
     * Asks once, about those whose turn it is.
     */
    public function ask(): void {
        global $DB;
        $rows = $DB->get_records_select(
            outbox::TABLE,
            'state = :state AND nextcheck <= :now',
            ['state' => outbox::SENT, 'now' => time()],
            'nextcheck, id',
            'id, eventid, checks, outcome',
            0,
            self::MOST
        );
        if (!$rows) {
            return;
        }
        try {
            $answer = $this->backend->status(array_column($rows, 'eventid'));
        } catch (\moodle_exception $error) {
            // Without a usable secret nothing is sent either, and the sending says so.
            return;
        }
        if (!$answer->is_accepted()) {
            return;
        }
        $told = [];
        foreach ($answer->events() as $event) {
            $told[$event->notification_id ?? $event->id ?? ''] = $event;
        }
        foreach ($rows as $row) {
            $this->note($row, $told[$row->eventid] ?? null);
        }
    }

    /**
     * Writes down where an event stands.
     *
     * @param stdClass $row
     * @param stdClass|null $event as the backend shows it; null where it knows it no more
     */
    private function note(stdClass $row, ?stdClass $event): void {
        $checks = $row->checks + 1;
        $columns = $event === null ? [] : [
            'outcome' => self::text($event, 'outcome', 20),
            'reason' => self::text($event, 'reason', 64),
            'action' => self::text($event, 'action', 20),
            'grade' => self::text($event, 'btec_grade', 60),
            'message' => self::text($event, 'message', 1000),
        ];
        outbox::update($row, $columns + [
            'checks' => $checks,
            'nextcheck' => time() + min(DAYSECS, (int) (MINSECS / 2) * 2 ** min(12, $checks)),
            'state' => self::is_final($event, $checks) ? outbox::DONE : outbox::SENT,
        ]);
    }

    /**
     * Whether nothing more is to be expected of an event.
     *
     * @param stdClass|null $event
     * @param int $checks
     * @return bool
     */
    private static function is_final(?stdClass $event, int $checks): bool {
        if ($checks >= self::ASK) {
            return true;
        }
        $outcome = $event->outcome ?? '';
        if (in_array($outcome, self::FINAL, true)) {
            return true;
        }
        $changed = in_array($outcome, ['NEW', 'UPDATED'], true);
        return $changed && (isset($event->action) || $checks >= self::ASK_FOR_ACTION);
    }

    /**
     * A text of the answer, cut to its column.
     *
     * @param stdClass $event
     * @param string $name
     * @param int $max characters
     * @return string|null
     */
    private static function text(stdClass $event, string $name, int $max): ?string {
        $value = $event->$name ?? null;
        return is_scalar($value) ? \core_text::substr((string) $value, 0, $max) : null;
    }
}
