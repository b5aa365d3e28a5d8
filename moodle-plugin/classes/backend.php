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

use GuzzleHttp\Exception\GuzzleException;
use GuzzleHttp\Exception\RequestException;
use GuzzleHttp\Psr7\DroppingStream;
use GuzzleHttp\Psr7\Utils;
use GuzzleHttp\RequestOptions;

/**
 * The backend over HTTP. One client is kept for all requests of a run, and with it one connection.
 *
 * @package   local_moodle_zoho_sync
 * @copyright 2026 The Wasl authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class backend {
    /** @var int Seconds for the connection. */
    private const CONNECT_TIMEOUT = 5;

    /** @var int Seconds for the whole request. */
    private const TIMEOUT = 20;

    /** @var int Bytes of an answer that are read at most; a state report of 500 events stays below. */
    private const MAX_ANSWER = 4194304;

    /** @var \core\http_client */
    private \core\http_client $client;

    /**
     * Takes Moodle's own client, which keeps to the site's proxy and its lists of blocked hosts and allowed ports.
     */
    public function __construct() {
        $this->client = \core\di::get(\core\http_client::class);
    }

    /**
     * Sends the bytes of an event.
     *
     * @param string $type such as user_updated
     * @param string $id
     * @param string $body
     * @return answer
     */
    public function send(string $type, string $id, string $body): answer {
        return $this->post(settings::one_door() ? '/api/v1/webhooks' : '/api/v1/events/moodle/' . $type, $id, $body);
    }

    /**
     * Asks where events stand. With no ids it shows that address, secret, endpoint and tenant are right.
     *
     * @param string[] $ids at most 500
     * @return answer
     */
    public function status(array $ids): answer {
        return $this->post('/api/v1/events/status', \core\uuid::generate(), envelope::json(['ids' => $ids]));
    }

    /**
     * A signed request.
     *
     * @param string $path
     * @param string $id
     * @param string $body
     * @return answer
     */
    private function post(string $path, string $id, string $body): answer {
        $headers = envelope::headers(settings::secret(), $id, time(), $body) + ['content-type' => 'application/json'];
        if (settings::tenant() !== '') {
            $headers['x-tenant-id'] = settings::tenant();
        }
        $query = settings::endpoint() === '' ? '' : '?' . http_build_query(['endpoint' => settings::endpoint()]);
        try {
            $response = $this->client->request('POST', settings::url() . $path . $query, [
                RequestOptions::HEADERS => $headers,
                RequestOptions::BODY => $body,
                RequestOptions::HTTP_ERRORS => false,
                RequestOptions::ALLOW_REDIRECTS => false,
                RequestOptions::CONNECT_TIMEOUT => self::CONNECT_TIMEOUT,
                RequestOptions::TIMEOUT => self::TIMEOUT,
                // Larger bodies would wait a second for "100 Continue" elsewhere.
                RequestOptions::EXPECT => false,
                // A longer answer breaks the request off.
                RequestOptions::SINK => new DroppingStream(Utils::streamFor(fopen('php://temp', 'w+')), self::MAX_ANSWER),
            ]);
            return new answer(
                $response->getStatusCode(),
                (string) $response->getBody(),
                (int) $response->getHeaderLine('retry-after')
            );
        } catch (RequestException $error) {
            $blocked = (new \core\files\curl_security_helper())->get_blocked_url_string();
            $message = $error->getMessage() === $blocked ? get_string('errorblocked', 'local_moodle_zoho_sync') : null;
            return new answer(0, $message ?? self::why($error));
        } catch (GuzzleException $error) {
            return new answer(0, self::why($error));
        }
    }

    /**
     * Why there was no answer, without the client's advice for programmers and the address, which names the endpoint.
     *
     * @param GuzzleException $error
     * @return string
     */
    private static function why(GuzzleException $error): string {
        return trim(preg_replace('~\(see https?://.*$~s', '', $error->getMessage()));
    }
}
