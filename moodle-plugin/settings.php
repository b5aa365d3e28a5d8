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

/**
 * Settings, and the event log's place among the reports.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$ADMIN->add('reports', new admin_externalpage(
    'local_moodle_zoho_sync_log',
    new lang_string('eventlog', 'local_moodle_zoho_sync'),
    new moodle_url('/local/moodle_zoho_sync/index.php'),
    'local/moodle_zoho_sync:viewlog'
));

if ($hassiteconfig) {
    $settings = new admin_settingpage('local_moodle_zoho_sync', new lang_string('pluginname', 'local_moodle_zoho_sync'));
    $ADMIN->add('localplugins', $settings);
    $ADMIN->add('localplugins', new admin_externalpage(
        'local_moodle_zoho_sync_test',
        new lang_string('testconnection', 'local_moodle_zoho_sync'),
        new moodle_url('/local/moodle_zoho_sync/testconnection.php'),
        'moodle/site:config',
        true
    ));

    if ($ADMIN->fulltree) {
        $name = static fn(string $setting): string => "local_moodle_zoho_sync/$setting";
        $text = static fn(string $id): lang_string => new lang_string($id, 'local_moodle_zoho_sync');

        $test = html_writer::link(
            new moodle_url('/local/moodle_zoho_sync/testconnection.php', ['sesskey' => sesskey()]),
            get_string('testconnection', 'local_moodle_zoho_sync'),
            ['class' => 'btn btn-secondary']
        );
        $settings->add(new admin_setting_heading($name('connection'), $text('connection'), $test));
        $settings->add(new admin_setting_configtext(
            $name('backendurl'),
            $text('backendurl'),
            $text('backendurl_desc'),
            \local_moodle_zoho_sync\settings::DEFAULT_URL,
            PARAM_URL
        ));
        $settings->add(new admin_setting_configpasswordunmask($name('secret'), $text('secret'), $text('secret_desc'), ''));
        $settings->add(new admin_setting_configtext(
            $name('endpoint'),
            $text('endpoint'),
            $text('endpoint_desc'),
            '',
            '/^[\w.\-]{0,100}$/'
        ));
        $settings->add(new admin_setting_configtext(
            $name('tenant'),
            $text('tenant'),
            $text('tenant_desc'),
            '',
            '/^[\w.\-]{0,100}$/'
        ));
        $settings->add(new admin_setting_configselect($name('door'), $text('door'), $text('door_desc'), 'events', [
            // The mark keeps a path's slashes in their place where the page runs from right to left.
            'events' => "\u{200E}/api/v1/events/moodle/{type}\u{200E}",
            'webhooks' => "\u{200E}/api/v1/webhooks\u{200E}",
        ]));

        $settings->add(new admin_setting_heading($name('what'), $text('what'), ''));
        foreach (['users', 'enrolments', 'grades', 'courses'] as $kind) {
            $settings->add(new admin_setting_configcheckbox($name("send$kind"), $text("send$kind"), $text("send{$kind}_desc"), 1));
        }
        $settings->add(new admin_setting_configmultiselect(
            $name('categories'),
            $text('categories'),
            $text('categories_desc'),
            [],
            core_course_category::make_categories_list()
        ));
        $settings->add(new admin_setting_configtext(
            $name('serviceuser'),
            $text('serviceuser'),
            $text('serviceuser_desc'),
            '',
            PARAM_USERNAME
        ));

        $settings->add(new admin_setting_heading($name('people'), $text('people'), ''));
        $settings->add(new admin_setting_pickroles(
            $name('studentroles'),
            $text('studentroles'),
            $text('studentroles_desc'),
            ['student']
        ));
        $settings->add(new admin_setting_pickroles(
            $name('teacherroles'),
            $text('teacherroles'),
            $text('teacherroles_desc'),
            ['editingteacher', 'teacher']
        ));
        $settings->add(new admin_setting_configselect($name('rolewins'), $text('rolewins'), $text('rolewins_desc'), 'student', [
            'student' => $text('rolewins_student'),
            'teacher' => $text('rolewins_teacher'),
        ]));
        $settings->add(new admin_setting_pickroles($name('ivroles'), $text('ivroles'), $text('ivroles_desc'), []));

        $settings->add(new admin_setting_heading($name('delivery'), $text('delivery'), ''));
        $settings->add(new admin_setting_configcheckbox($name('wakeup'), $text('wakeup'), $text('wakeup_desc'), 1));
        $settings->add(new admin_setting_configtext(
            $name('deadafterdays'),
            $text('deadafterdays'),
            $text('deadafterdays_desc'),
            \local_moodle_zoho_sync\settings::DEFAULT_DEAD_AFTER_DAYS,
            PARAM_INT
        ));
        $settings->add(new admin_setting_configtext(
            $name('keepdays'),
            $text('keepdays'),
            $text('keepdays_desc'),
            \local_moodle_zoho_sync\settings::DEFAULT_KEEP_DAYS,
            PARAM_INT
        ));
    }
}
