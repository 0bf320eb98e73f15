<?php
// START HERE: what a forum can do with Sluice. PHP 7.4 or newer, with curl; see README.md beside this directory.

require_once __DIR__ . '/../../links/sluice_links.php';
foreach (['Exception', 'Settings', 'Cache', 'Api', 'Html', 'Tags', 'Proxy'] as $part) {
    require_once __DIR__ . "/Sluice$part.php";
}

/** `$user` is ['id' => …, 'group' => …] of the forum's own, everywhere. */
class Sluice
{
    const ID = '/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/D';
    const MOST_PAGES = 5; // that a name is looked for in, of 200 media each

    public SluiceSettings $settings;
    public SluiceApi $api;
    private SluiceCache $cache;

    /** Throws SluiceException (FORUM_001) for a setting that cannot be. */
    public function __construct(array $settings)
    {
        $this->settings = new SluiceSettings($settings);
        $this->api = new SluiceApi($this->settings);
        $this->cache = new SluiceCache($this->settings->cache_dir, $this->settings->cache_seconds);
    }

    // --- who may --------------------------------------------------------------------------------------------

    public function maySee(array $user): bool
    {
        return in_array((int) $user['group'], $this->settings->see_groups, true);
    }

    public function mayDownload(array $user): bool
    {
        return $this->maySee($user) && in_array((int) $user['group'], $this->settings->download_groups, true);
    }

    // --- the library, as the service token's user sees it ---------------------------------------------------

    /** One page, of what has `$search` in its name: ['data' => [items], 'pagination' => ['total', 'pages', …]]. */
    public function files(string $search = '', int $page = 1, int $limit = 48, string $sort = 'name'): array
    {
        $query = ['query' => self::first($search, 200), 'sort' => $sort, 'page' => $page, 'limit' => $limit];
        return $this->cache->remember('files ' . json_encode($query), function () use ($query) {
            return $this->api->get('/api/media/library', $query);
        });
    }

    /** The item with this id, or the newest with exactly this name. Throws SluiceException (FORUM_004, MEDIA_001 …). */
    public function find(string $nameOrId): array
    {
        if (preg_match(self::ID, $nameOrId)) {
            return $this->cache->remember("item $nameOrId", function () use ($nameOrId) {
                return $this->api->get("/api/media/$nameOrId");
            });
        }
        $page = 0;
        do {
            $found = $this->files($nameOrId, ++$page, 200, 'created_at');
            foreach ($found['data'] as $item) {
                if ($item['name'] === $nameOrId) {
                    return $item;
                }
            }
        } while ($page < min(self::MOST_PAGES, $found['pagination']['pages']));
        throw new SluiceException(SluiceException::NOT_FOUND, 'There is no file with this name.', 404);
    }

    // --- links ----------------------------------------------------------------------------------------------

    /** What the browser of `$user` fetches: a signed link, or the forum's own proxy where there is one. */
    public function link(array $item, array $user, bool $download = false): string
    {
        if (!($download ? $this->mayDownload($user) : $this->maySee($user))) {
            throw new SluiceException(SluiceException::NOT_ALLOWED, 'Your group may not have this file.', 403);
        }
        if ($this->settings->proxy_url !== '') {
            return (new SluiceProxy($this))->link($item['id'], $user, $download);
        }
        return $this->streamLink($item['id']);
    }

    /** A /stream link to a plain original: signed here where the secret is, else asked for with the token. */
    public function streamLink(string $id): string
    {
        $secret = $this->settings->streamSecret();
        if ($secret !== null) {
            return sluice_stream_link($this->settings->url, rawurlencode($id), $this->settings->ttl, $secret);
        }
        $wanted = ['media_id' => $id, 'kind' => 'stream', 'ttl' => $this->settings->ttl];
        return $this->cache->remember('link ' . json_encode($wanted), function () use ($wanted) {
            return $this->api->post('/api/links', $wanted);
        }, intdiv($this->settings->ttl, 2))['url'];
    }

    /** A /d link to a file of a mount, which Sluice's Nginx checks alone; signed here, so it needs `links_file`. */
    public function fileLink(string $mount, string $path): string
    {
        $keys = json_decode($this->settings->secret('links_file'), true);
        $kid = $keys['current'] ?? '';
        $secret = $keys['keys'][$kid] ?? '';
        if ($secret === '') {
            throw SluiceSettings::bad('links_file must be a copy of keys/links.json.');
        }
        $ttl = $this->settings->ttl;
        return sluice_download_link($this->settings->url, $mount, $path, $ttl, $kid, $secret);
    }

    /** The address of a film for players without cookies (VLC, a phone, a TV): encrypted HLS, for as long as Sluice says. */
    public function portableLink(string $id): string
    {
        return $this->cache->remember("portable $id", function () use ($id) {
            return $this->api->get("/api/media/stream/$id", ['portable' => 'true']);
        })['url'];
    }

    // --- for pages ------------------------------------------------------------------------------------------

    /** A post's text with [sluice]…[/sluice], [sluiceaudio] and [sluicelist] made into HTML; see SluiceTags. */
    public function post(string $escaped, array $user): string
    {
        return (new SluiceTags($this))->replace($escaped, $user);
    }

    public function html(): SluiceHtml
    {
        return new SluiceHtml($this);
    }

    public function proxy(): SluiceProxy
    {
        return new SluiceProxy($this);
    }

    /** The first characters of a UTF-8 text; without mbstring, which not every forum has. */
    private static function first(string $text, int $length): string
    {
        return preg_match('/^.{0,' . $length . '}/us', $text, $found) ? $found[0] : '';
    }
}
