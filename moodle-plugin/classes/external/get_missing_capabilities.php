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

namespace local_moodle_zoho_sync\external;

use core_external\external_api;
use core_external\external_function_parameters;
use core_external\external_multiple_structure;
use core_external\external_single_structure;
use core_external\external_value;

/**
 * What the asking account lacks of the capabilities that Wasl needs: without one, Moodle often answers as if nothing
 * was there.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class get_missing_capabilities extends external_api {
    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'capabilities' => new external_multiple_structure(new external_value(PARAM_RAW, 'Such as moodle/user:create')),
        ]);
    }

    /**
     * Looks at the account's own capabilities, at the level of the site.
     *
     * @param string[] $capabilities
     * @return array
     */
    public static function execute(array $capabilities): array {
        ['capabilities' => $capabilities] = self::validate_parameters(
            self::execute_parameters(),
            ['capabilities' => $capabilities]
        );
        $context = \context_system::instance();
        self::validate_context($context);
        $lacks = static fn(string $name): bool => !get_capability_info($name) || !has_capability($name, $context);
        return ['missing' => array_values(array_filter($capabilities, $lacks))];
    }

    /**
     * What it gives.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'missing' => new external_multiple_structure(
                new external_value(PARAM_RAW, 'Of those asked, one that the account lacks or this Moodle does not know')
            ),
        ]);
    }
}
