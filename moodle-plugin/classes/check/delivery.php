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

namespace local_moodle_zoho_sync\check;

use core\check\check;
use core\check\result;
use local_moodle_zoho_sync\outbox;
use local_moodle_zoho_sync\settings;

/**
 * Whether events reach the backend.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class delivery extends check {
    /** @var int Seconds that an event may wait before it is a warning. */
    private const LATE = HOURSECS;

    /**
     * Its name in the report.
     *
     * @return string
     */
    public function get_name(): string {
        return get_string('checkdelivery', 'local_moodle_zoho_sync');
    }

    /**
     * Where to look further.
     *
     * @return \action_link|null
     */
    public function get_action_link(): ?\action_link {
        $url = new \moodle_url('/local/moodle_zoho_sync/index.php');
        return new \action_link($url, get_string('eventlog', 'local_moodle_zoho_sync'));
    }

    /**
     * The worst of what is to be said.
     *
     * @return result
     */
    public function get_result(): result {
        $counts = outbox::counts();
        $details = get_string('logsummary', 'local_moodle_zoho_sync', $counts);
        $failure = json_decode((string) get_config('local_moodle_zoho_sync', 'observerfailure'));
        if ($failure && $failure->time > time() - DAYSECS) {
            $failure->time = userdate($failure->time);
            return self::says(result::ERROR, 'checkobserver', $failure, $details);
        }
        if ($counts->dead > 0) {
            return self::says(result::ERROR, 'checkdead', $counts->dead, $details);
        }
        if (!settings::ready()) {
            return self::says(result::WARNING, 'notready', null, $details);
        }
        if ($counts->oldest > 0 && $counts->oldest < time() - self::LATE) {
            return self::says(result::WARNING, 'checklate', userdate($counts->oldest), $details);
        }
        if ($counts->refused > 0) {
            return self::says(result::WARNING, 'checkrefused', $counts->refused, $details);
        }
        return self::says(result::OK, 'checkgood', null, $details);
    }

    /**
     * A result with a sentence of ours.
     *
     * @param string $status
     * @param string $string
     * @param mixed $about
     * @param string $details
     * @return result
     */
    private static function says(string $status, string $string, $about, string $details): result {
        return new result($status, get_string($string, 'local_moodle_zoho_sync', $about), $details);
    }
}
