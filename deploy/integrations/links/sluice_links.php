<?php
// Signed links to a Sluice server, made elsewhere; see README.md beside this file.

/** $secret: the bytes of keys/stream.key (hex2bin), or your own text. */
function sluice_stream_link(string $server, string $id, int $seconds, string $secret): string
{
    $expires = sprintf('%010d', time() + $seconds);
    $signature = hash_hmac('sha256', "$id|$expires", $secret);
    return "$server/stream/$id?expires=$expires&sig=$signature";
}

/** $keyId and $secret: of keys/links.json. */
function sluice_download_link(string $server, string $root, string $path, int $seconds, string $keyId, string $secret): string
{
    $expires = sprintf('%010d', time() + $seconds);
    $mac = rtrim(strtr(base64_encode(md5("d $expires/$root/$path $secret", true)), '+/', '-_'), '=');
    $encoded = implode('/', array_map('rawurlencode', explode('/', $path)));
    return "$server/d/$keyId/$mac/$expires/$root/$encoded";
}

if (PHP_SAPI === 'cli' && realpath($argv[0]) === __FILE__) {
    $secret = getenv('SLUICE_SECRET');
    echo $argv[1] === 'stream'
        ? sluice_stream_link($argv[2], $argv[3], (int) $argv[4], $secret)
        : sluice_download_link($argv[2], $argv[3], $argv[4], (int) $argv[5], $argv[6], $secret), "\n";
}
