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
 * The table of events. A row's id is the event's sequence number.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class outbox {
    /** @var string */
    public const TABLE = 'local_moodle_zoho_sync_outbox';

    /** @var string Not delivered yet. */
    public const WAITING = 'waiting';

    /** @var string Accepted by the backend; its outcome may still change. */
    public const SENT = 'sent';

    /** @var string Its outcome is final. */
    public const DONE = 'done';

    /** @var string There was nothing to tell. */
    public const SKIPPED = 'skipped';

    /** @var string Given up; a person may retry it. */
    public const DEAD = 'dead';

    /** @var string|null What the events of this request have in common. */
    private static ?string $act = null;

    /** @var bool Whether this request has queued the task that sends. */
    private static bool $woken = false;

    /**
     * Adds one event. Runs in the transaction of what it tells, so it comes and goes with it.
     *
     * @param array $columns type, and of userid, courseid, itemid, cmid, facts (an array), actorid, timecreated, act,
     *        origin what there is
     * @return int the row's id
     */
    public static function add(array $columns): int {
        global $DB;
        self::$act ??= bin2hex(random_bytes(8));
        $now = time();
        if (isset($columns['facts'])) {
            $columns['facts'] = envelope::json($columns['facts']);
        }
        $id = $DB->insert_record(self::TABLE, (object) ($columns + [
            'eventid' => \core\uuid::generate(),
            'origin' => self::origin(),
            'act' => self::$act,
            'state' => self::WAITING,
            'actorid' => 0,
            'timecreated' => $now,
            'timequeued' => $now,
        ]));
        if (!self::$woken && settings::wakes()) {
            self::$woken = true;
            \core\task\manager::queue_adhoc_task(new task\wake_up(), true);
        }
        return $id;
    }

    /**
     * By what way the change came in.
     *
     * @return string web, ws or cli
     */
    private static function origin(): string {
        if (defined('WS_SERVER') && WS_SERVER) {
            return 'ws';
        }
        return CLI_SCRIPT ? 'cli' : 'web';
    }

    /**
     * The next events that wait, in order; those held back by themselves are passed over.
     *
     * @param int $after ids above this
     * @param int $limit
     * @param int $now seconds since 1970
     * @return stdClass[] rows by id
     */
    public static function waiting(int $after, int $limit, int $now): array {
        global $DB;
        return $DB->get_records_select(
            self::TABLE,
            'state = :state AND id > :after AND (held = 0 OR nextattempt <= :now)',
            ['state' => self::WAITING, 'after' => $after, 'now' => $now],
            'id',
            '*',
            0,
            $limit
        );
    }

    /**
     * Changes columns of a row.
     *
     * @param stdClass $row gets the new values too
     * @param array $columns
     */
    public static function update(stdClass $row, array $columns): void {
        global $DB;
        foreach ($columns as $name => $value) {
            $row->$name = $value;
        }
        $DB->update_record(self::TABLE, (object) ($columns + ['id' => $row->id]));
    }

    /**
     * What was told last of an object, before this row.
     *
     * @param string $subject
     * @param int $before
     * @return stdClass|null contenthash, act, type and state
     */
    public static function told_before(string $subject, int $before): ?stdClass {
        global $DB;
        $rows = $DB->get_records_select(
            self::TABLE,
            'subject = :subject AND id < :before AND contenthash IS NOT NULL',
            ['subject' => $subject, 'before' => $before],
            'id DESC',
            'id, contenthash, act, type, state',
            0,
            1
        );
        return $rows ? reset($rows) : null;
    }

    /**
     * Makes events wait again: those given up, and those that the backend could not finish. The same bytes are sent
     * under the same id; the backend takes up again what had failed there.
     *
     * @param string $where condition on the table, without its name
     * @param array $params
     * @return int how many
     */
    public static function retry(string $where, array $params): int {
        global $DB;
        [$states, $named] = $DB->get_in_or_equal([self::SENT, self::DONE, self::DEAD], SQL_PARAMS_NAMED, 'state');
        $where = "($where) AND state $states";
        $params += $named;
        $count = $DB->count_records_select(self::TABLE, $where, $params);
        if ($count > 0) {
            $DB->execute(
                'UPDATE {' . self::TABLE . '} SET state = :towaiting, held = 0, tries = 0, nextattempt = 0, checks = 0,'
                    . " nextcheck = 0, timequeued = :now WHERE $where",
                $params + ['towaiting' => self::WAITING, 'now' => time()]
            );
        }
        return $count;
    }

    /**
     * Lets everything that waits after a failure be tried at once.
     */
    public static function hurry(): void {
        global $DB;
        $DB->set_field_select(
            self::TABLE,
            'nextattempt',
            0,
            'state = :state AND nextattempt > 0',
            ['state' => self::WAITING]
        );
    }

    /**
     * How many events are in each state, and since when the oldest waits.
     *
     * @return stdClass with a number per state, `refused` (INVALID or FAILED at the backend) and `oldest` (seconds since
     *         1970, 0 for none)
     */
    public static function counts(): stdClass {
        global $DB;
        $counts = (object) array_fill_keys([self::WAITING, self::SENT, self::DONE, self::SKIPPED, self::DEAD], 0);
        foreach ($DB->get_records_sql_menu('SELECT state, COUNT(1) FROM {' . self::TABLE . '} GROUP BY state') as $state => $n) {
            $counts->$state = (int) $n;
        }
        $counts->refused = $DB->count_records_select(
            self::TABLE,
            "state IN (:sent, :done) AND outcome IN ('INVALID', 'FAILED')",
            ['sent' => self::SENT, 'done' => self::DONE]
        );
        $counts->oldest = (int) $DB->get_field(self::TABLE, 'MIN(timequeued)', ['state' => self::WAITING]);
        return $counts;
    }

    /**
     * Removes events that ended long ago, and, while no backend is set, those that nobody will fetch.
     *
     * @param int $before seconds since 1970
     */
    public static function purge(int $before): void {
        global $DB;
        $states = [self::DONE, self::SKIPPED, self::SENT, self::DEAD];
        if (!settings::ready()) {
            $states[] = self::WAITING;
        }
        [$in, $params] = $DB->get_in_or_equal($states, SQL_PARAMS_NAMED);
        $DB->delete_records_select(self::TABLE, "state $in AND timequeued < :before", $params + ['before' => $before]);
    }
}
