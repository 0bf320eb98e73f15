<?php

/** Answers of Sluice on disk for a short while: at most 4096 files, because the names that people ask for are endless. */
class SluiceCache
{
    private string $directory;
    private int $seconds;

    /** An empty directory, or 0 seconds: nothing is kept. */
    public function __construct(string $directory, int $seconds)
    {
        $this->directory = $directory;
        $this->seconds = $directory === '' ? 0 : $seconds;
    }

    /** What was kept under `$key` for less than the settings' seconds and `$atMost`, else what `$make` returns. */
    public function remember(string $key, callable $make, int $atMost = PHP_INT_MAX): array
    {
        $seconds = min($this->seconds, $atMost);
        if ($seconds < 1) {
            return $make();
        }
        $file = $this->directory . '/' . substr(hash('sha256', $key), 0, 3) . '.json';
        $kept = is_file($file) ? json_decode((string) @file_get_contents($file), true) : null;
        if (is_array($kept) && $kept['key'] === $key && abs(time() - $kept['at']) < $seconds) {
            return $kept['value'];
        }
        $value = $make();
        $this->write($file, ['key' => $key, 'at' => time(), 'value' => $value]);
        return $value;
    }

    /** A whole file or none; a directory that cannot be written is a cache that keeps nothing. */
    private function write(string $file, array $content): void
    {
        if (!is_dir($this->directory) && !@mkdir($this->directory, 0700, true)) {
            return;
        }
        $new = @tempnam($this->directory, 'new');
        if ($new !== false && (@file_put_contents($new, json_encode($content)) === false || !@rename($new, $file))) {
            @unlink($new);
        }
    }
}
