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
 * The plugin's settings, with their defaults and limits.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class settings {
    /** @var string Where the backend listens when it runs on the same machine. */
    public const DEFAULT_URL = 'http://localhost:8001';

    /** @var int Days after which an event that cannot be delivered is given up. */
    public const DEFAULT_DEAD_AFTER_DAYS = 7;

    /** @var int Days for which events that ended are kept. */
    public const DEFAULT_KEEP_DAYS = 90;

    /**
     * The backend's address without a slash at its end.
     *
     * @return string
     */
    public static function url(): string {
        return rtrim(self::text('backendurl', self::DEFAULT_URL), '/');
    }

    /**
     * The signing secret, `whsec_` and base64; empty until it is set.
     *
     * @return string
     */
    public static function secret(): string {
        return self::text('secret', '');
    }

    /**
     * The college's id at the backend; empty where the secret says enough.
     *
     * @return string
     */
    public static function tenant(): string {
        return self::text('tenant', '');
    }

    /**
     * The endpoint's id at the backend; empty where it is not named.
     *
     * @return string
     */
    public static function endpoint(): string {
        return self::text('endpoint', '');
    }

    /**
     * Whether all types go to one address instead of one each.
     *
     * @return bool
     */
    public static function one_door(): bool {
        return self::text('door', 'events') === 'webhooks';
    }

    /**
     * Whether events can be sent: there is an address and a secret.
     *
     * @return bool
     */
    public static function ready(): bool {
        return self::url() !== '' && self::secret() !== '';
    }

    /**
     * Whether events of this kind are recorded.
     *
     * @param string $kind users, enrolments, grades or courses
     * @return bool
     */
    public static function tells(string $kind): bool {
        return self::text('send' . $kind, '1') === '1';
    }

    /**
     * Whether a request that records events also queues a task that sends them soon.
     *
     * @return bool
     */
    public static function wakes(): bool {
        return self::text('wakeup', '1') === '1';
    }

    /**
     * The username of Wasl's own account, whose changes are no news to it; empty where none is named.
     *
     * @return string
     */
    public static function service_username(): string {
        return self::text('serviceuser', '');
    }

    /**
     * Ids of course categories; with those below them they are what is told. Empty: all.
     *
     * @return int[]
     */
    public static function categories(): array {
        return self::ids('categories') ?? [];
    }

    /**
     * Roles of people who are told as students, as teachers or as internal verifiers.
     *
     * @param string $as student, teacher or iv
     * @return int[]
     */
    public static function roles(string $as): array {
        $ids = self::ids($as . 'roles');
        if ($ids !== null) {
            return $ids;
        }
        // Not saved yet: as the settings page would have it.
        $archetypes = ['student' => ['student'], 'teacher' => ['editingteacher', 'teacher'], 'iv' => []][$as];
        $found = [];
        foreach ($archetypes as $archetype) {
            foreach (get_archetype_roles($archetype) as $role) {
                $found[] = (int) $role->id;
            }
        }
        return $found;
    }

    /**
     * What a person is who has roles of both kinds.
     *
     * @return string student or teacher
     */
    public static function winning_role(): string {
        return self::text('rolewins', 'student') === 'teacher' ? 'teacher' : 'student';
    }

    /**
     * Seconds after which an event that was tried in vain is given up.
     *
     * @return int
     */
    public static function dead_after(): int {
        return max(1, (int) self::text('deadafterdays', (string) self::DEFAULT_DEAD_AFTER_DAYS)) * DAYSECS;
    }

    /**
     * Seconds for which events that ended are kept.
     *
     * @return int
     */
    public static function keep(): int {
        return max(1, (int) self::text('keepdays', (string) self::DEFAULT_KEEP_DAYS)) * DAYSECS;
    }

    /**
     * A setting as text.
     *
     * @param string $name
     * @param string $default where it was never saved
     * @return string
     */
    private static function text(string $name, string $default): string {
        $value = get_config('local_moodle_zoho_sync', $name);
        return $value === false ? $default : trim((string) $value);
    }

    /**
     * A setting that is a list of ids.
     *
     * @param string $name
     * @return int[]|null null where it was never saved
     */
    private static function ids(string $name): ?array {
        $value = get_config('local_moodle_zoho_sync', $name);
        if ($value === false) {
            return null;
        }
        return array_values(array_filter(array_map('intval', explode(',', (string) $value))));
    }
}
