<?php

/** The settings of config.sample.php, checked; secrets are read from their files when they are needed. */
class SluiceSettings
{
    const DEFAULTS = [
        'url' => '', 'ask_url' => '', 'ca_file' => '', 'pinned_key' => '', 'timeout' => 5,
        'token_file' => '', 'stream_key_file' => '', 'stream_secret_file' => '', 'links_file' => '',
        'ttl' => 3600, 'see_groups' => [], 'download_groups' => [], 'list_size' => 20,
        'cache_dir' => '', 'cache_seconds' => 60, 'proxy_url' => '', 'proxy_secret_file' => '',
    ];

    private array $values;

    /** Throws SluiceException (FORUM_001), naming the bad one. */
    public function __construct(array $given)
    {
        foreach (array_keys(array_diff_key($given, self::DEFAULTS)) as $unknown) {
            throw self::bad("There is no setting $unknown.");
        }
        $this->values = $given + self::DEFAULTS;
        foreach (['url', 'ask_url'] as $name) {
            $this->values[$name] = rtrim($this->values[$name], '/');
        }
        foreach (['see_groups', 'download_groups'] as $name) {
            $this->values[$name] = array_map('intval', $this->values[$name]);
        }
        foreach ([$this->url, $this->askUrl()] as $url) {
            if (!preg_match('~^https://[^/?#\s]+$~D', $url)) {
                throw self::bad('url must be the address of Sluice, such as https://media.example.org.');
            }
        }
        if ($this->ttl < 1 || $this->timeout < 1) {
            throw self::bad('ttl and timeout are seconds, at least 1.');
        }
    }

    /** @return mixed */
    public function __get(string $name)
    {
        return $this->values[$name];
    }

    /** Where this server reaches Sluice. */
    public function askUrl(): string
    {
        return $this->ask_url ?: $this->url;
    }

    /** The text in the file that a setting names; never one that the web server could hand out. */
    public function secret(string $name): string
    {
        $file = realpath($this->values[$name]);
        $root = empty($_SERVER['DOCUMENT_ROOT']) ? '' : (string) realpath($_SERVER['DOCUMENT_ROOT']);
        if ($this->values[$name] === '' || $file === false || !is_readable($file)) {
            throw self::bad("$name must name a file that PHP can read.");
        }
        if ($root !== '' && strpos($file, rtrim($root, '/\\') . DIRECTORY_SEPARATOR) === 0) {
            throw self::bad("$name lies inside the web root: move it out.");
        }
        $text = trim(file_get_contents($file));
        if ($text === '') {
            throw self::bad("The file of $name is empty.");
        }
        return $text;
    }

    /** The secret of /stream links; null where links are asked for instead. */
    public function streamSecret(): ?string
    {
        if ($this->stream_secret_file !== '') {
            return $this->secret('stream_secret_file');
        }
        if ($this->stream_key_file === '') {
            return null;
        }
        $text = $this->secret('stream_key_file');
        if (!preg_match('/^(?:[0-9a-f]{2})+$/D', $text)) {
            throw self::bad('stream_key_file must be a copy of keys/stream.key (hex).');
        }
        return hex2bin($text);
    }

    public static function bad(string $sentence): SluiceException
    {
        return new SluiceException(SluiceException::SETTINGS, $sentence);
    }
}
