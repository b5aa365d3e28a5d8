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
 * Tests of the envelope and its signature.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 * @covers \local_moodle_zoho_sync\envelope
 */
final class envelope_test extends \basic_testcase {
    /**
     * The signature is the one that `openssl dgst -sha256 -mac HMAC` gives for the same bytes.
     */
    public function test_a_body_is_signed_with_id_and_time(): void {
        $secret = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
        $headers = envelope::headers($secret, 'msg_1', 1614265330, '{"test": 2432232314}');
        $this->assertSame('msg_1', $headers['webhook-id']);
        $this->assertSame('1614265330', $headers['webhook-timestamp']);
        $this->assertSame('v1,aTF4+pE6A/FmvKM0YSVBBUfRhLIlBiaBUR+EjGls6Mc=', $headers['webhook-signature']);
    }

    /**
     * Secrets that are none.
     *
     * @return array[]
     */
    public static function bad_secrets(): array {
        return [
            'empty' => [''],
            'no prefix' => ['MDEyMzQ1Njc4OWFiY2RlZg=='],
            'no base64' => ['whsec_%%%'],
            'too short' => ['whsec_MDEyMzQ1Njc4'],
        ];
    }

    /**
     * A secret that cannot sign is refused with a sentence.
     *
     * @dataProvider bad_secrets
     * @param string $secret
     */
    public function test_a_bad_secret_is_refused(string $secret): void {
        $this->assertNull(envelope::key($secret));
        $this->expectException(\moodle_exception::class);
        envelope::headers($secret, 'msg_1', 1614265330, '{}');
    }

    /**
     * Times alone make no other content; anything else does.
     */
    public function test_the_hash_leaves_times_out(): void {
        $data = ['id' => '5', 'city' => 'Irbid', 'timemodified' => 1];
        $this->assertSame(envelope::hash($data), envelope::hash(['timemodified' => 2] + $data));
        $this->assertNotSame(envelope::hash($data), envelope::hash(['city' => 'Salt'] + $data));
    }

    /**
     * A name that was stored with broken UTF-8 does not stop the outbox.
     */
    public function test_broken_utf8_is_replaced(): void {
        $this->assertSame("{\"name\":\"a\u{FFFD}b\",\"ar\":\"سلمى\"}", envelope::json(['name' => "a\xC3b", 'ar' => 'سلمى']));
    }
}
