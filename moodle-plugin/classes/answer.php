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
 * What the backend answered.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class answer {
    /** @var int Longest text of an answer that is shown. */
    private const MAX_SHOWN = 500;

    /** @var int HTTP status; 0 where no answer came. */
    public readonly int $status;

    /** @var int Seconds to wait that the backend asked for; 0 for none. */
    public readonly int $retryafter;

    /** @var string */
    private readonly string $text;

    /**
     * From the parts of a response.
     *
     * @param int $status
     * @param string $text the body, or why there is none
     * @param int $retryafter
     */
    public function __construct(int $status, string $text, int $retryafter = 0) {
        $this->status = $status;
        $this->text = $text;
        $this->retryafter = max(0, $retryafter);
    }

    /**
     * Whether the backend has it now.
     *
     * @return bool
     */
    public function is_accepted(): bool {
        return $this->status >= 200 && $this->status < 300;
    }

    /**
     * Whether these bytes themselves were refused, and a repeat would be too.
     *
     * @return bool
     */
    public function is_refused(): bool {
        return in_array($this->status, [400, 413, 415, 422], true);
    }

    /**
     * Whether the backend stumbled over a request that it took, so that the next one may do better.
     *
     * @return bool
     */
    public function is_stumble(): bool {
        return $this->status >= 500 && $this->status !== 503;
    }

    /**
     * The events in the answer, with their outcomes.
     *
     * @return stdClass[]
     */
    public function events(): array {
        $body = json_decode($this->text);
        $events = is_object($body) && isset($body->events) && is_array($body->events) ? $body->events : [];
        return array_filter($events, 'is_object');
    }

    /**
     * What went wrong, for a person.
     *
     * @return string
     */
    public function message(): string {
        if ($this->status === 401 || $this->status === 403) {
            return get_string('errorunauthorized', 'local_moodle_zoho_sync', $this->status);
        }
        $body = json_decode($this->text);
        $text = is_object($body) && is_string($body->message ?? null) ? $body->message : strip_tags($this->text);
        $text = \core_text::substr(trim($text), 0, self::MAX_SHOWN);
        return $this->status === 0 ? $text : trim("HTTP {$this->status} $text");
    }
}
