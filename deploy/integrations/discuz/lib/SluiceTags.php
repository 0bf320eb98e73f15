<?php

/** [sluice]name or id[/sluice], [sluiceaudio]…[/sluiceaudio] (its sound), [sluicelist]part of a name[/sluicelist]. */
class SluiceTags
{
    const MOST = 20; // of one post; what comes after stays text
    const TAG = '~\[(sluice|sluiceaudio|sluicelist)\]\s*([^\r\n]{0,400}?)\s*\[/\1\]~i';

    private Sluice $sluice;

    public function __construct(Sluice $sluice)
    {
        $this->sluice = $sluice;
    }

    /** `$escaped` is the post as the forum escaped it (htmlspecialchars). A file that cannot be shown is a sentence. */
    public function replace(string $escaped, array $user): string
    {
        return preg_replace_callback(self::TAG, function (array $found) use ($user): string {
            $wanted = html_entity_decode($found[2], ENT_QUOTES | ENT_HTML5, 'UTF-8');
            return $this->one(strtolower($found[1]), $wanted, $user);
        }, $escaped, self::MOST) ?? $escaped;
    }

    /** The same text with the tags left out: for summaries and searches. */
    public static function strip(string $text): string
    {
        return preg_replace(self::TAG, '', $text) ?? $text;
    }

    private function one(string $tag, string $wanted, array $user): string
    {
        if (!$this->sluice->maySee($user)) {
            return SluiceHtml::note('Your group may not see this file.');
        }
        try {
            if ($tag === 'sluicelist') {
                $page = $this->sluice->files($wanted, 1, $this->sluice->settings->list_size);
                return $this->sluice->html()->items($page['data'], $user);
            }
            return $this->sluice->html()->item($this->sluice->find($wanted), $user, $tag === 'sluiceaudio');
        } catch (SluiceException $error) {
            error_log("sluice: {$error->sluiceCode} {$error->getMessage()} {$error->decision}");
            return SluiceHtml::note("This file cannot be shown now ({$error->sluiceCode}).");
        }
    }
}
