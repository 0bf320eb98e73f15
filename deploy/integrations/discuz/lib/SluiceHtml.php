<?php

/** Players and download links. Nothing of a file's name is ever markup, for browsers or for the forum's own BBCode. */
class SluiceHtml
{
    private Sluice $sluice;

    public function __construct(Sluice $sluice)
    {
        $this->sluice = $sluice;
    }

    /** What suits the item: a player, a picture, a link for players of films, and a download where the group may. */
    public function item(array $item, array $user, bool $onlySound = false): string
    {
        $shown = $this->shown($item, $user, $onlySound);
        $download = $this->download($item, $user);
        $name = $shown . $download === '' ? '<span>' . self::escape($item['name'] . ' is not ready.') . '</span>' : '';
        return '<div class="sluice">' . implode(' ', array_filter([$shown, $download, $name])) . '</div>';
    }

    /** A download link with the size; nothing where the group may not, or only ciphertext is kept. */
    public function download(array $item, array $user): string
    {
        if (empty($item['original_url']) || !$this->sluice->mayDownload($user)) {
            return '';
        }
        $text = 'Download ' . $item['name'] . ' (' . self::size((int) $item['metadata']['size_bytes']) . ')';
        return self::anchor($this->sluice->link($item, $user, true), $text, ' download');
    }

    /** A list of items, each with its link. */
    public function items(array $items, array $user): string
    {
        $rows = '';
        foreach ($items as $item) {
            $plain = !empty($item['original_url']);
            $name = $item['name'];
            $shown = $plain ? self::anchor($this->sluice->link($item, $user), $name) : self::escape($name);
            $rows .= '<li>' . $shown . ' ' . self::escape(self::size((int) $item['metadata']['size_bytes'])) . '</li>';
        }
        return $rows === '' ? self::note('There is no such file.') : '<ul class="sluice">' . $rows . '</ul>';
    }

    public static function note(string $sentence): string
    {
        return '<span class="sluice">' . self::escape($sentence) . '</span>';
    }

    /**
     * Text for HTML. (!) Every ASCII sign but letters and digits becomes a number: what a forum does to a post after us
     * ([b], smilies, automatic links, doubled spaces) must find nothing in a name or an address to turn into markup.
     * Signs that turn the direction of text are left out.
     */
    public static function escape(string $text): string
    {
        $text = preg_match('//u', $text) ? $text : preg_replace('/[\x80-\xff]/', '?', $text);
        $text = preg_replace('/[\x{202a}-\x{202e}\x{2066}-\x{2069}]/u', '', $text);
        return preg_replace_callback('/[\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]/', function ($found) {
            return $found[0] < ' ' || $found[0] === "\x7f" ? '&#32;' : '&#' . ord($found[0]) . ';';
        }, $text);
    }

    private function shown(array $item, array $user, bool $onlySound): string
    {
        $kind = $onlySound && $item['type'] === 'video' ? 'audio' : $item['type'];
        $title = ' title="' . self::escape($item['name']) . '"';
        if (!empty($item['original_url']) && in_array($kind, ['audio', 'video', 'image'], true)) {
            $source = ' src="' . self::escape($this->sluice->link($item, $user)) . '"';
            if ($kind === 'image') {
                return '<img loading="lazy" alt="' . self::escape($item['name']) . '"' . $source . '>';
            }
            $inline = $kind === 'video' ? ' playsinline' : '';
            return "<$kind controls preload=\"none\"$inline$title$source></$kind>";
        }
        $ready = in_array($item['state'], ['playable', 'completed'], true);
        if ($ready && $kind === 'video' && $this->sluice->maySee($user)) {
            return self::anchor($this->sluice->portableLink($item['id']), 'Open ' . $item['name'] . ' in a player');
        }
        return '';
    }

    private static function anchor(string $url, string $text, string $more = ''): string
    {
        $href = ' href="' . self::escape($url) . '"';
        return '<a rel="noreferrer noopener"' . $more . $href . '>' . self::escape($text) . '</a>';
    }

    private static function size(int $bytes): string
    {
        $step = $bytes < 1 ? 0 : min(4, (int) floor(log($bytes, 1000)));
        return round($bytes / 1000 ** $step, $step ? 1 : 0) . ' ' . ['B', 'kB', 'MB', 'GB', 'TB'][$step];
    }
}
