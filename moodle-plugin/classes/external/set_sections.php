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
use core_external\external_warnings;

/**
 * Names and describes sections of courses. Moodle's own functions can write the name of a section, not its summary.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class set_sections extends external_api {
    /** @var int Sections in one call. */
    private const MOST = 50;

    /**
     * What it takes.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'sections' => new external_multiple_structure(new external_single_structure([
                'courseid' => new external_value(PARAM_INT, 'Id of the course'),
                'number' => new external_value(PARAM_INT, 'Place in the course; 0 is the general section'),
                'name' => new external_value(PARAM_TEXT, 'Empty: the name that the format gives', VALUE_OPTIONAL),
                'summary' => new external_value(PARAM_RAW, 'Plain text', VALUE_OPTIONAL),
                'visible' => new external_value(PARAM_BOOL, 'The general section is never hidden', VALUE_OPTIONAL),
            ]), 'At most ' . self::MOST),
        ]);
    }

    /**
     * Sets what is given, and leaves the rest of the section as it is. One that is refused does not stop the others.
     *
     * @param array[] $sections
     * @return array
     */
    public static function execute(array $sections): array {
        global $CFG;
        require_once($CFG->dirroot . '/course/lib.php');
        ['sections' => $sections] = self::validate_parameters(self::execute_parameters(), ['sections' => $sections]);
        if (count($sections) > self::MOST) {
            throw new \invalid_parameter_exception('More than ' . self::MOST . ' sections');
        }
        $set = [];
        $warnings = [];
        foreach ($sections as $section) {
            try {
                $set[] = self::set($section);
            } catch (\moodle_exception $refusal) {
                $warnings[] = [
                    'item' => 'course',
                    'itemid' => $section['courseid'],
                    'warningcode' => $refusal->errorcode,
                    'message' => $refusal->getMessage(),
                ];
            }
        }
        return ['sections' => $set, 'warnings' => $warnings];
    }

    /**
     * Sets one section.
     *
     * @param array $asked
     * @return array
     */
    private static function set(array $asked): array {
        $course = get_course($asked['courseid']);
        $context = \context_course::instance($course->id);
        self::validate_context($context);
        require_capability('moodle/course:update', $context);
        $section = self::section($course, $asked['number']);
        $changes = self::changes($section, $asked);
        if (array_key_exists('visible', $changes)) {
            require_capability('moodle/course:sectionvisibility', $context);
        }
        if ($changes) {
            course_update_section($course, (object) ['id' => $section->id], $changes);
        }
        return ['courseid' => $course->id, 'id' => $section->id, 'changed' => (bool) $changes];
    }

    /**
     * The section at a place of a course. It is made where the course has fewer, as far as the site allows.
     *
     * @param \stdClass $course
     * @param int $number
     * @return \section_info
     */
    private static function section(\stdClass $course, int $number): \section_info {
        $format = course_get_format($course);
        if (!$format->uses_sections()) {
            throw new \moodle_exception('sectionnone', 'local_moodle_zoho_sync');
        }
        if ($number < 0 || $number > $format->get_max_sections()) {
            throw new \moodle_exception('sectiontoofar', 'local_moodle_zoho_sync', '', $format->get_max_sections());
        }
        course_create_sections_if_missing($course, range(0, $number));
        return get_fast_modinfo($course->id)->get_section_info($number, MUST_EXIST);
    }

    /**
     * What differs from what is asked for.
     *
     * @param \section_info $section
     * @param array $asked
     * @return array
     */
    private static function changes(\section_info $section, array $asked): array {
        $changes = [];
        if (isset($asked['name']) && $asked['name'] !== (string) $section->name) {
            $changes['name'] = $asked['name'];
        }
        $isplain = (int) $section->summaryformat === (int) FORMAT_PLAIN;
        if (isset($asked['summary']) && ($asked['summary'] !== (string) $section->summary || !$isplain)) {
            $changes['summary'] = $asked['summary'];
            $changes['summaryformat'] = FORMAT_PLAIN;
        }
        if (isset($asked['visible']) && $section->section > 0 && $asked['visible'] != $section->visible) {
            $changes['visible'] = (int) $asked['visible'];
        }
        return $changes;
    }

    /**
     * What it gives.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'sections' => new external_multiple_structure(new external_single_structure([
                'courseid' => new external_value(PARAM_INT, 'As asked'),
                'id' => new external_value(PARAM_INT, 'Id of the section'),
                'changed' => new external_value(PARAM_BOOL, 'Whether it was another before'),
            ])),
            'warnings' => new external_warnings('course', 'Id of the course', 'Why its section was not set'),
        ]);
    }
}
