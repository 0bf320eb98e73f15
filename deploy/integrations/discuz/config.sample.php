<?php
// Copy to a place outside the web root, such as /srv/sluice-forum/config.php, beside the folders discuz/ and links/.
// Every setting that is left out is as shown.

require_once __DIR__ . '/discuz/lib/Sluice.php';

return new Sluice([
    'url' => 'https://media.example.org',             // Sluice, as the visitors' browsers reach it
    'ask_url' => '',                                  // Sluice, as this server reaches it; empty: the same

    // A certificate of one's own: a copy of DIR/tls/certificate.pem. The server is verified in any case.
    'ca_file' => '',
    'pinned_key' => '',                               // besides that: sha256//… of its public key, as curl writes it

    // sluice token mint forum --user forum --scope library --scope links
    'token_file' => '/srv/sluice-forum/token',
    'timeout' => 5,                                   // seconds for a question; a page waits no longer than once

    // Links are asked for with the token, unless one of these secrets is here: then they are signed without a request.
    'stream_key_file' => '',                          // a copy of DIR/keys/stream.key
    'stream_secret_file' => '',                       // or the text of links.stream_secret
    'links_file' => '',                               // a copy of DIR/keys/links.json: for fileLink() alone
    'ttl' => 3600,                                    // seconds that a link lives

    // Numbers of forum groups; whoever is in none sees nothing. Discuz: 7 is the guests, 10 the newest members.
    'see_groups' => [],
    'download_groups' => [],                          // of those, who is also offered the download
    'list_size' => 20,                                // files of one [sluicelist]

    'cache_dir' => '',                                // such as /var/cache/sluice-forum; empty: nothing is kept
    'cache_seconds' => 60,

    // Only where visitors cannot reach Sluice: the address of sluice_proxy.php, and a secret of its own.
    'proxy_url' => '',
    'proxy_secret_file' => '',
]);
