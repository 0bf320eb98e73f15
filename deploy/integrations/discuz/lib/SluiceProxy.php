<?php

/**
 * For visitors who cannot reach Sluice: a forum page of the forum's own sends the file on, range by range.
 *
 * Its links name one media, one forum user and an expiry under an HMAC of the forum's own, so that nobody can ask for
 * anything that no page has offered them, and a link that was passed on opens nothing.
 */
class SluiceProxy
{
    const ASKED = ['Range' => '/^bytes=[0-9, -]{1,200}$/D', 'If-Range' => '/^[\x20-\x7e]{1,200}$/D',
                   'If-None-Match' => '/^[\x20-\x7e]{1,200}$/D', 'If-Modified-Since' => '/^[\x20-\x7e]{1,60}$/D'];
    const ANSWERED = ['content-type', 'content-length', 'content-range', 'content-disposition', 'accept-ranges', 'etag',
                      'last-modified', 'retry-after'];
    const PASSED = [200, 206, 304];
    const REFUSED = [404 => 404, 410 => 404, 416 => 416, 429 => 503, 503 => 503]; // anything else is 502

    private Sluice $sluice;

    public function __construct(Sluice $sluice)
    {
        $this->sluice = $sluice;
    }

    public function link(string $id, array $user, bool $download): string
    {
        $form = $download ? 'download' : 'play';
        $expires = sprintf('%010d', time() + $this->sluice->settings->ttl);
        $query = ['m' => $id, 'u' => (int) $user['id'], 'f' => $form, 'e' => $expires];
        $query['s'] = $this->signature($id, (int) $user['id'], $form, $expires);
        return $this->sluice->settings->proxy_url . '?' . http_build_query($query, '', '&', PHP_QUERY_RFC3986);
    }

    /** Answer the request of `$user`: `$query` is $_GET, `$server` is $_SERVER. */
    public function answer(array $query, array $server, array $user): void
    {
        while (ob_get_level() > 0) {
            ob_end_clean(); // (!) a buffer would hold the whole file in memory
        }
        ini_set('zlib.output_compression', '0');
        if (session_status() === PHP_SESSION_ACTIVE) {
            session_write_close(); // else this visitor's next page waits for the film to end
        }
        if (function_exists('set_time_limit')) { // hosts like to switch it off
            set_time_limit(0);
        }
        try {
            $this->send($this->path($query, $server, $user), $server);
        } catch (SluiceException $error) {
            $this->refuse($error);
        }
    }

    /** What is asked of Sluice; throws SluiceException unless this very user was given this very link. */
    private function path(array $query, array $server, array $user): string
    {
        if (!in_array($server['REQUEST_METHOD'], ['GET', 'HEAD'], true)) {
            throw new SluiceException(SluiceException::NOT_ALLOWED, 'A file can only be read.', 405);
        }
        foreach (['m' => Sluice::ID, 'u' => '/^\d{1,10}$/D', 'f' => '/^(?:play|download)$/D', 'e' => '/^\d{10}$/D',
                  's' => '/^[0-9a-f]{64}$/D'] as $name => $pattern) {
            if (!is_string($query[$name] ?? null) || !preg_match($pattern, $query[$name])) {
                throw $this->no('This is no link of this forum.');
            }
        }
        $signature = $this->signature($query['m'], (int) $query['u'], $query['f'], $query['e']);
        if (!hash_equals($signature, $query['s'])) {
            throw $this->no('This is no link of this forum.');
        }
        if ((int) $query['e'] <= time()) {
            throw $this->no('This link has expired: open the page again.');
        }
        $download = $query['f'] === 'download';
        $may = $download ? $this->sluice->mayDownload($user) : $this->sluice->maySee($user);
        if (!$may || (int) $user['id'] !== (int) $query['u']) {
            throw $this->no('This link was made for somebody else.');
        }
        return "/api/media/{$query['m']}/original" . ($download ? '?download=true' : '');
    }

    private function send(string $path, array $server): void
    {
        $status = 0;
        $headers = [];
        $begin = function ($handle, string $line) use (&$status, &$headers): int {
            if (preg_match('~^HTTP/\S+ (\d{3})~', $line, $found)) {
                [$status, $headers] = [(int) $found[1], []];
            } elseif (strpos($line, ':') !== false) {
                [$name, $value] = explode(':', $line, 2);
                $headers[strtolower($name)] = trim($value);
            } elseif (trim($line) === '' && in_array($status, self::PASSED, true)) {
                $this->head($status, $headers);
            }
            return strlen($line);
        };
        $pass = function ($handle, string $bytes) use (&$status): int {
            if (in_array($status, self::PASSED, true)) { // the body of a refusal is Sluice's own
                echo $bytes;
                flush();
            }
            return connection_aborted() ? -1 : strlen($bytes);
        };
        $handle = $this->sluice->api->open($path, [
            CURLOPT_NOBODY => $server['REQUEST_METHOD'] === 'HEAD',
            CURLOPT_HEADERFUNCTION => $begin,
            CURLOPT_WRITEFUNCTION => $pass,
            CURLOPT_LOW_SPEED_LIMIT => 1,
            CURLOPT_LOW_SPEED_TIME => 60,
        ], $this->asked($server));
        if (curl_exec($handle) === false && $status === 0) {
            throw new SluiceException(SluiceException::UNREACHABLE, 'Sluice does not answer.', 503);
        }
        if (!in_array($status, self::PASSED, true)) {
            $kept = array_flip(['content-range', 'retry-after']);
            $this->head(self::REFUSED[$status] ?? 502, array_intersect_key($headers, $kept));
        }
    }

    /** The visitor's own headers that Sluice may see. */
    private function asked(array $server): array
    {
        $headers = ['Accept-Encoding: identity'];
        foreach (self::ASKED as $name => $pattern) {
            $value = $server['HTTP_' . strtoupper(strtr($name, '-', '_'))] ?? '';
            if (preg_match($pattern, $value)) {
                $headers[] = "$name: $value";
            }
        }
        return $headers;
    }

    /** Status and headers. (!) The file now comes from the forum's own origin: none of its script may run there. */
    private function head(int $status, array $headers): void
    {
        http_response_code($status);
        header_remove('X-Powered-By');
        header('Content-Type: text/plain; charset=utf-8');
        foreach (array_intersect_key($headers, array_flip(self::ANSWERED)) as $name => $value) {
            header("$name: $value");
        }
        header("Content-Security-Policy: sandbox; default-src 'none'; img-src 'self'; media-src 'self'");
        header('X-Content-Type-Options: nosniff');
        header('Cross-Origin-Resource-Policy: same-origin');
        header('Cache-Control: private, no-cache');
    }

    private function refuse(SluiceException $error): void
    {
        $this->head($error->status ?: 500, []);
        if ($error->sluiceCode === SluiceException::SETTINGS) {
            error_log("sluice: {$error->getMessage()}");
            echo 'The forum is not set up for this.';
        } else {
            echo $error->getMessage();
        }
    }

    private function signature(string $id, int $user, string $form, string $expires): string
    {
        $secret = $this->sluice->settings->secret('proxy_secret_file');
        return hash_hmac('sha256', "proxy|$id|$user|$form|$expires", $secret);
    }

    private function no(string $sentence): SluiceException
    {
        return new SluiceException(SluiceException::NOT_ALLOWED, $sentence, 403);
    }
}
