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

namespace local_moodle_zoho_sync\reportbuilder\local\entities;

use core_reportbuilder\local\entities\base;
use core_reportbuilder\local\filters\date;
use core_reportbuilder\local\filters\number;
use core_reportbuilder\local\filters\select;
use core_reportbuilder\local\filters\text;
use core_reportbuilder\local\helpers\format;
use core_reportbuilder\local\report\column;
use core_reportbuilder\local\report\filter;
use lang_string;
use local_moodle_zoho_sync\outbox;
use stdClass;

/**
 * An event of the outbox in the report builder.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class event extends base {
    /**
     * The table behind it.
     *
     * @return string[]
     */
    protected function get_default_tables(): array {
        return [outbox::TABLE];
    }

    /**
     * Its name.
     *
     * @return lang_string
     */
    protected function get_default_entity_title(): lang_string {
        return new lang_string('event', 'local_moodle_zoho_sync');
    }

    /**
     * Sets up columns and filters.
     *
     * @return base
     */
    public function initialise(): base {
        foreach ($this->columns() as $column) {
            $this->add_column($column);
        }
        foreach ($this->filters() as $filter) {
            $this->add_filter($filter)->add_condition($filter);
        }
        return $this;
    }

    /**
     * The columns.
     *
     * @return column[]
     */
    private function columns(): array {
        $alias = $this->get_table_alias(outbox::TABLE);
        $columns = [
            $this->column('id', column::TYPE_INTEGER),
            $this->column('timecreated', column::TYPE_TIMESTAMP)
                ->add_callback([format::class, 'userdate'], get_string('strftimedatetimeshortaccurate', 'core_langconfig')),
            $this->column('state', column::TYPE_TEXT)
                ->add_callback(static fn(?string $state): string => self::states()[$state] ?? (string) $state),
            $this->column('message', column::TYPE_LONGTEXT)
                ->add_field("$alias.reason")
                ->set_is_sortable(false)
                ->add_callback(static fn(?string $message, stdClass $row): string => self::why($message, $row)),
        ];
        foreach (['type', 'outcome', 'action', 'grade'] as $name) {
            $columns[] = $this->column($name, column::TYPE_TEXT)->add_callback(static fn(?string $text): string => s($text));
        }
        foreach (['tries', 'httpstatus', 'courseid'] as $name) {
            $columns[] = $this->column($name, column::TYPE_INTEGER);
        }
        return $columns;
    }

    /**
     * A column of the table.
     *
     * @param string $name
     * @param int $type
     * @return column
     */
    private function column(string $name, int $type): column {
        $alias = $this->get_table_alias(outbox::TABLE);
        return (new column($name, new lang_string("column_$name", 'local_moodle_zoho_sync'), $this->get_entity_name()))
            ->add_joins($this->get_joins())
            ->set_type($type)
            ->add_field("$alias.$name")
            ->set_is_sortable(true);
    }

    /**
     * The filters.
     *
     * @return filter[]
     */
    private function filters(): array {
        return [
            $this->filter(date::class, 'timecreated'),
            $this->filter(text::class, 'type'),
            $this->filter(select::class, 'state')->set_options(self::states()),
            $this->filter(text::class, 'outcome'),
            $this->filter(text::class, 'action'),
            $this->filter(number::class, 'courseid'),
        ];
    }

    /**
     * A filter on a column of the table.
     *
     * @param string $class
     * @param string $name
     * @return filter
     */
    private function filter(string $class, string $name): filter {
        $alias = $this->get_table_alias(outbox::TABLE);
        $title = new lang_string("column_$name", 'local_moodle_zoho_sync');
        return (new filter($class, $name, $title, $this->get_entity_name(), "$alias.$name"))->add_joins($this->get_joins());
    }

    /**
     * Names of the states.
     *
     * @return string[]
     */
    private static function states(): array {
        $states = [outbox::WAITING, outbox::SENT, outbox::DONE, outbox::SKIPPED, outbox::DEAD];
        return array_combine($states, array_map(
            static fn(string $state): string => get_string("state_$state", 'local_moodle_zoho_sync'),
            $states
        ));
    }

    /**
     * The message, else the reason: in words where it is one of ours.
     *
     * @param string|null $message
     * @param stdClass $row
     * @return string
     */
    private static function why(?string $message, stdClass $row): string {
        if ((string) $message !== '') {
            return s(shorten_text($message, 160));
        }
        $reason = (string) $row->reason;
        $id = "reason_$reason";
        $known = $reason !== '' && get_string_manager()->string_exists($id, 'local_moodle_zoho_sync');
        return $known ? get_string($id, 'local_moodle_zoho_sync') : s($reason);
    }
}
