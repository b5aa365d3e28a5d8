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

namespace local_moodle_zoho_sync\reportbuilder\local\systemreports;

use core_reportbuilder\local\entities\user;
use core_reportbuilder\local\report\action;
use core_reportbuilder\system_report;
use lang_string;
use local_moodle_zoho_sync\outbox;
use local_moodle_zoho_sync\reportbuilder\local\entities\event;
use moodle_url;
use pix_icon;
use stdClass;

/**
 * The event log.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class events extends system_report {
    /**
     * Sets up the report.
     */
    protected function initialise(): void {
        $event = new event();
        $alias = $event->get_table_alias(outbox::TABLE);
        $this->set_main_table(outbox::TABLE, $alias);
        $this->add_entity($event);
        $this->add_base_fields("$alias.id, $alias.state");

        $user = new user();
        $useralias = $user->get_table_alias('user');
        $this->add_entity($user->add_join("LEFT JOIN {user} $useralias ON $useralias.id = $alias.userid"));

        $this->add_columns_from_entities([
            'event:id',
            'event:timecreated',
            'event:type',
            'user:fullnamewithlink',
            'event:courseid',
            'event:state',
            'event:tries',
            'event:outcome',
            'event:action',
            'event:grade',
            'event:message',
        ]);
        $this->get_column('user:fullnamewithlink')->set_title(new lang_string('column_userid', 'local_moodle_zoho_sync'));
        $this->set_initial_sort_column('event:id', SORT_DESC);
        $this->add_filters_from_entities([
            'event:state',
            'event:type',
            'event:outcome',
            'event:action',
            'event:timecreated',
            'event:courseid',
            'user:fullname',
        ]);
        $this->actions();
        $this->set_downloadable(true, get_string('eventlog', 'local_moodle_zoho_sync'));
    }

    /**
     * What can be done with a row.
     */
    private function actions(): void {
        $this->add_action(new action(
            new moodle_url('/local/moodle_zoho_sync/event.php', ['id' => ':id']),
            new pix_icon('e/search', ''),
            [],
            false,
            new lang_string('view')
        ));
        if (!$this->may_retry()) {
            return;
        }
        $retriable = static fn(stdClass $row): bool => in_array($row->state, [outbox::SENT, outbox::DONE, outbox::DEAD], true);
        $this->add_action((new action(
            new moodle_url('/local/moodle_zoho_sync/retry.php', ['ids' => ':id', 'sesskey' => sesskey()]),
            new pix_icon('t/reload', ''),
            [],
            false,
            new lang_string('retry', 'local_moodle_zoho_sync')
        ))->add_callback($retriable));
        $this->set_checkbox_toggleall(static function (stdClass $row) use ($retriable): ?array {
            return $retriable($row) ? [$row->id, get_string('eventnumber', 'local_moodle_zoho_sync', $row->id)] : null;
        });
    }

    /**
     * Whether the viewer may send events again.
     *
     * @return bool
     */
    private function may_retry(): bool {
        return has_capability('local/moodle_zoho_sync:retry', \context_system::instance());
    }

    /**
     * Who may see it.
     *
     * @return bool
     */
    protected function can_view(): bool {
        return has_capability('local/moodle_zoho_sync:viewlog', \context_system::instance());
    }

    /**
     * Its name.
     *
     * @return string
     */
    public static function get_name(): string {
        return get_string('eventlog', 'local_moodle_zoho_sync');
    }
}
