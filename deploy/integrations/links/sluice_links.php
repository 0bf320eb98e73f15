<?php
// Signed links to a Sluice server, made elsewhere; see README.md beside this file.
// In every form $network binds the link to one network, as README.md writes it: '192.168.1.0/24'; '': it opens anywhere.

/** $secret: the bytes of keys/stream.key (hex2bin), or your own text. */
function sluice_stream_link(string $server, string $id, int $seconds, string $secret, string $network = ''): string
{
    return "$server/stream/$id?" . sluice_signed_query('expires', $id, $seconds, $secret, $network);
}

/** $key: an upload's, or media/{id}; $secret: the bytes of keys/get.key (hex2bin), or your own text. */
function sluice_get_link(string $server, string $key, int $seconds, string $secret, string $network = ''): string
{
    return "$server/get/" . sluice_base64url($key) . '?' . sluice_signed_query('exp', $key, $seconds, $secret, $network);
}

/** $keyId and $secret: of keys/links.json. */
function sluice_download_link(
    string $server, string $root, string $path, int $seconds, string $keyId, string $secret, string $network = ''
): string {
    $expires = sprintf('%010d', time() + $seconds);
    [$marker, $text] = $network === '' ? ['', 'd '] : ['/net', "n  $network "];
    $mac = sluice_base64url(md5("$text$expires/$root/$path $secret", true));
    $encoded = implode('/', array_map('rawurlencode', explode('/', $path)));
    return "$server/d/$keyId$marker/$mac/$expires/$root/$encoded";
}

function sluice_signed_query(string $name, string $signed, int $seconds, string $secret, string $network): string
{
    $expires = sprintf('%010d', time() + $seconds);
    [$text, $bound] = $network === '' ? ["$signed|$expires", ''] : ["$signed|$expires|$network", "&net=$network"];
    return "$name=$expires$bound&sig=" . hash_hmac('sha256', $text, $secret);
}

function sluice_base64url(string $raw): string
{
    return rtrim(strtr(base64_encode($raw), '+/', '-_'), '=');
}

if (PHP_SAPI === 'cli' && realpath($argv[0]) === __FILE__) {
    $secret = getenv('SLUICE_SECRET');
    [, $form, $server, $name] = $argv;
    echo match ($form) {
        'stream' => sluice_stream_link($server, $name, (int) $argv[4], $secret, $argv[5] ?? ''),
        'get' => sluice_get_link($server, $name, (int) $argv[4], $secret, $argv[5] ?? ''),
        'd' => sluice_download_link($server, $name, $argv[4], (int) $argv[5], $argv[6], $secret, $argv[7] ?? ''),
    }, "\n";
}
