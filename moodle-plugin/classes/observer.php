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

use core\event\base;

/**
 * Hears of what happens in Moodle and writes one row for it. Nothing that goes wrong here reaches the person who
 * acts: Moodle itself swallows an Exception of an observer, but not an Error.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class observer {
    /**
     * A user was made or changed.
     *
     * @param base $event
     */
    public static function user_changed(base $event): void {
        self::record($event, 'users', static fn() => [
            'type' => $event->action === 'created' ? 'user_created' : 'user_updated',
            'userid' => $event->objectid,
        ]);
    }

    /**
     * A user was deleted: his row is anonymised already, so what it was is kept now.
     *
     * @param base $event
     */
    public static function user_deleted(base $event): void {
        self::record($event, 'users', static fn() => [
            'type' => 'user_deleted',
            'userid' => $event->objectid,
            'facts' => extract\user::deleted($event),
        ]);
    }

    /**
     * A role was given or taken: who the user is to the backend may be another thing now.
     *
     * @param base $event
     */
    public static function role_changed(base $event): void {
        self::record($event, 'users', static function () use ($event): ?array {
            $matters = array_merge(settings::roles('student'), settings::roles('teacher'));
            if (!in_array((int) $event->objectid, $matters, true)) {
                return null;
            }
            return [
                'type' => 'user_updated',
                'userid' => $event->relateduserid,
                // In a course, the enrolment is told again too, when this row is sent.
                'courseid' => $event->contextlevel == CONTEXT_COURSE ? $event->courseid : null,
            ];
        });
    }

    /**
     * A user was enrolled, or the enrolment changed.
     *
     * @param base $event
     */
    public static function enrolment_changed(base $event): void {
        self::record($event, 'enrolments', static fn() => [
            'type' => $event->action === 'created' ? 'enrollment_created' : 'enrollment_updated',
            'userid' => $event->relateduserid,
            'courseid' => $event->courseid,
        ]);
    }

    /**
     * An enrolment ended; where the user has another one in the course, the pair has changed only.
     *
     * @param base $event
     */
    public static function enrolment_deleted(base $event): void {
        self::record($event, 'enrolments', static function () use ($event): array {
            $row = ['userid' => $event->relateduserid, 'courseid' => $event->courseid];
            $gone = (object) ($event->other['userenrolment'] ?? []);
            if (isset($gone->lastenrol) && !$gone->lastenrol) {
                return $row + ['type' => 'enrollment_updated'];
            }
            return $row + ['type' => 'enrollment_deleted', 'facts' => extract\enrolment::deleted($event, $gone)];
        });
    }

    /**
     * A course was made or changed.
     *
     * @param base $event
     */
    public static function course_changed(base $event): void {
        self::record($event, 'courses', static fn() => [
            'type' => $event->action === 'created' ? 'course_created' : 'course_updated',
            'courseid' => $event->objectid,
        ]);
    }

    /**
     * A course was deleted.
     *
     * @param base $event
     */
    public static function course_deleted(base $event): void {
        self::record($event, 'courses', static fn() => [
            'type' => 'course_deleted',
            'courseid' => $event->objectid,
            'facts' => extract\course::deleted($event),
        ]);
    }

    /**
     * A grade in the gradebook was given, corrected or overridden. Totals are no news.
     *
     * @param \core\event\user_graded $event
     */
    public static function user_graded(\core\event\user_graded $event): void {
        self::record($event, 'grades', static function () use ($event): ?array {
            $item = $event->is_restored() ? null : $event->get_grade()->grade_item;
            if ($item && !extract\grade::matters($item)) {
                return null;
            }
            return [
                'type' => 'grade_updated',
                'userid' => $event->relateduserid,
                'courseid' => $event->courseid,
                'itemid' => $event->other['itemid'],
            ];
        });
    }

    /**
     * A grade left the gradebook; its row is gone, and its grade item may soon be.
     *
     * @param \core\event\grade_deleted $event
     */
    public static function grade_deleted(\core\event\grade_deleted $event): void {
        self::record($event, 'grades', static function () use ($event): ?array {
            $facts = $event->is_restored() ? null : extract\grade::deleted($event);
            if ($facts === null) {
                return null;
            }
            return [
                'type' => 'grade_deleted',
                'userid' => $event->relateduserid,
                'courseid' => $event->courseid,
                'itemid' => $event->other['itemid'],
                'facts' => $facts,
            ];
        });
    }

    /**
     * A submission was graded (also when only a criterion or the feedback changed), or its marking went a step on.
     *
     * @param base $event
     */
    public static function assignment_graded(base $event): void {
        self::record($event, 'grades', static fn() => [
            'type' => 'grade_updated',
            'userid' => $event->relateduserid,
            'courseid' => $event->courseid,
            'cmid' => $event->contextinstanceid,
        ]);
    }

    /**
     * Writes what `row` says to the outbox, if events of this kind are told and it was not Wasl itself.
     *
     * @param base $event
     * @param string $kind the setting's name
     * @param callable $row gives the row's own columns, or null where there is nothing to tell
     */
    private static function record(base $event, string $kind, callable $row): void {
        try {
            if (!settings::tells($kind) || self::is_own($event)) {
                return;
            }
            $columns = $row();
            if ($columns !== null) {
                outbox::add($columns + ['actorid' => $event->userid, 'timecreated' => $event->timecreated]);
            }
        } catch (\Throwable $error) {
            self::remember($event, $error);
        }
    }

    /**
     * Whether Wasl's own account did it.
     *
     * @param base $event
     * @return bool
     */
    private static function is_own(base $event): bool {
        global $USER;
        $name = settings::service_username();
        return $name !== '' && ($USER->username ?? '') === $name && $USER->id == $event->userid;
    }

    /**
     * Leaves a note for the status check, at most one a minute.
     *
     * @param base $event
     * @param \Throwable $error
     */
    private static function remember(base $event, \Throwable $error): void {
        try {
            $last = json_decode((string) get_config('local_moodle_zoho_sync', 'observerfailure'));
            if ($last && $last->time > time() - MINSECS) {
                return;
            }
            set_config('observerfailure', json_encode([
                'time' => time(),
                'event' => $event->eventname,
                'message' => substr($error->getMessage(), 0, 500),
            ], JSON_INVALID_UTF8_SUBSTITUTE), 'local_moodle_zoho_sync');
        } catch (\Throwable $ignored) {
            // The database refuses this too, and there is nobody to tell but the person whose work must not fail.
            return;
        }
    }
}
