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

use local_moodle_zoho_sync\external\get_missing_capabilities;

/**
 * Tests of what the account behind the web service is told to lack.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers \local_moodle_zoho_sync\external\get_missing_capabilities
 */
final class capabilities_test extends \advanced_testcase {
    /**
     * What the role has not, and what this Moodle does not know.
     */
    public function test_what_is_missing(): void {
        $this->resetAfterTest();
        $user = $this->getDataGenerator()->create_user();
        $role = $this->getDataGenerator()->create_role();
        $system = \context_system::instance();
        assign_capability('moodle/user:create', CAP_ALLOW, $role, $system->id);
        role_assign($role, $user->id, $system->id);
        $this->setUser($user);
        $asked = ['moodle/user:create', 'moodle/user:update', 'mod/nothing:atall'];
        $this->assertSame(['moodle/user:update', 'mod/nothing:atall'], $this->missing($asked));
        $this->assertSame([], $this->missing([]));
        $this->setAdminUser();
        $this->assertSame(['mod/nothing:atall'], $this->missing($asked));
    }

    /**
     * As the web service answers.
     *
     * @param string[] $capabilities
     * @return string[]
     */
    private function missing(array $capabilities): array {
        $answer = get_missing_capabilities::execute($capabilities);
        return get_missing_capabilities::clean_returnvalue(get_missing_capabilities::execute_returns(), $answer)['missing'];
    }
}
