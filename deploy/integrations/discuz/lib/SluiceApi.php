<?php

/** Asks Sluice with the service token, which stays on this server. */
class SluiceApi
{
    private SluiceSettings $settings;
    private ?SluiceException $down = null; // (!) else a page with twenty players waits for twenty timeouts

    public function __construct(SluiceSettings $settings)
    {
        $this->settings = $settings;
    }

    /** The decoded answer; throws SluiceException with Sluice's own code and sentence, or FORUM_002. */
    public function get(string $path, array $query = []): array
    {
        return $this->ask($path . ($query ? '?' . http_build_query($query, '', '&', PHP_QUERY_RFC3986) : ''), []);
    }

    public function post(string $path, array $body): array
    {
        return $this->ask($path, [CURLOPT_POSTFIELDS => json_encode($body)], ['Content-Type: application/json']);
    }

    /**
     * A cURL handle for one path of Sluice, which verifies the server and goes nowhere else.
     *
     * @return resource|CurlHandle
     */
    public function open(string $path, array $options, array $headers = [])
    {
        $settings = $this->settings;
        $options += [
            CURLOPT_URL => $settings->askUrl() . $path,
            CURLOPT_PROTOCOLS => CURLPROTO_HTTPS,
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_SSL_VERIFYPEER => true,
            CURLOPT_SSL_VERIFYHOST => 2,
            CURLOPT_CONNECTTIMEOUT => min(3, $settings->timeout),
            CURLOPT_NOSIGNAL => true,
        ];
        if ($settings->ca_file !== '') {
            $options[CURLOPT_CAINFO] = $settings->ca_file;
        }
        if ($settings->pinned_key !== '') {
            $options[CURLOPT_PINNEDPUBLICKEY] = $settings->pinned_key;
        }
        $headers[] = 'Authorization: Bearer ' . $settings->secret('token_file');
        $handle = curl_init();
        if (!curl_setopt_array($handle, $options + [CURLOPT_HTTPHEADER => $headers])) {
            throw SluiceSettings::bad('cURL cannot use these settings.');
        }
        return $handle;
    }

    private function ask(string $path, array $options, array $headers = []): array
    {
        if ($this->down) {
            throw $this->down;
        }
        $options += [CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => $this->settings->timeout];
        $handle = $this->open($path, $options, array_merge($headers, ['Accept: application/json']));
        $body = curl_exec($handle);
        if ($body === false) {
            $why = 'Sluice does not answer: ' . curl_error($handle) . '.';
            throw $this->down = new SluiceException(SluiceException::UNREACHABLE, $why);
        }
        return $this->answer(curl_getinfo($handle, CURLINFO_RESPONSE_CODE), json_decode($body, true));
    }

    /** @param mixed $content */
    private function answer(int $status, $content): array
    {
        if ($status >= 200 && $status < 300 && is_array($content)) {
            return $content;
        }
        $error = is_array($content) ? ($content['error'] ?? null) : null;
        if (!is_array($error)) {
            $why = "That was no answer of Sluice's (HTTP $status).";
            throw new SluiceException(SluiceException::UNREACHABLE, $why, $status);
        }
        throw new SluiceException($error['code'], $error['message'], $status, $error['decision'] ?? '');
    }
}
