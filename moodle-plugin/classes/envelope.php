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
 * What travels: `{ id, sequence, type, time, origin, data }`, and its signature by Standard Webhooks.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class envelope {
    /** @var int Shortest key that a secret may hold, in bytes. */
    private const MIN_SECRET_BYTES = 16;

    /**
     * The bytes of an event.
     *
     * @param stdClass $row of the outbox
     * @param array $data
     * @return string
     */
    public static function of(stdClass $row, array $data): string {
        return self::json([
            'id' => $row->eventid,
            'sequence' => (int) $row->id,
            'type' => $row->type,
            'time' => (int) $row->timecreated,
            'origin' => $row->origin,
            'data' => $data,
        ]);
    }

    /**
     * Hash of what is told, without the times that change with every telling.
     *
     * @param array $data
     * @return string SHA-256 in hex
     */
    public static function hash(array $data): string {
        unset($data['timemodified'], $data['timecreated']);
        return hash('sha256', self::json($data));
    }

    /**
     * As JSON. Broken UTF-8 in old data is replaced, not fatal.
     *
     * @param array $value
     * @return string
     */
    public static function json(array $value): string {
        return json_encode(
            $value,
            JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE
        );
    }

    /**
     * The headers that sign a body.
     *
     * @param string $secret `whsec_` and base64
     * @param string $id
     * @param int $now seconds since 1970
     * @param string $body
     * @return string[] by name
     */
    public static function headers(string $secret, string $id, int $now, string $body): array {
        $key = self::key($secret);
        if ($key === null) {
            throw new \moodle_exception('errorsecret', 'local_moodle_zoho_sync');
        }
        return [
            'webhook-id' => $id,
            'webhook-timestamp' => (string) $now,
            'webhook-signature' => 'v1,' . base64_encode(hash_hmac('sha256', "$id.$now.$body", $key, true)),
        ];
    }

    /**
     * The key in a secret.
     *
     * @param string $secret
     * @return string|null null where it is none
     */
    public static function key(string $secret): ?string {
        if (!preg_match('~^whsec_([A-Za-z0-9+/]+={0,2})$~', $secret, $match)) {
            return null;
        }
        $key = base64_decode($match[1], true);
        return $key === false || strlen($key) < self::MIN_SECRET_BYTES ? null : $key;
    }
}
