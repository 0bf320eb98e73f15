<?php
// Discuz! X3.5: turns [sluice] tags of posts into players. All that it does is in lib/ of the library.

if (!defined('IN_DISCUZ')) {
    exit('Access Denied');
}

class plugin_sluice
{
    private static $sluice = null; // one for all posts of a page: it knows when Sluice does not answer

    /** Discuz calls this for every post, with its text already escaped, and for the summaries of posts. */
    public function discuzcode($param)
    {
        global $_G;
        if (stripos($_G['discuzcodemessage'], '[sluice') === false) {
            return;
        }
        try {
            self::$sluice = self::$sluice ?: require $_G['config']['sluice'];
        } catch (RuntimeException $error) { // a setting is wrong: the posts stay readable
            error_log("sluice: {$error->getMessage()}");
            return;
        }
        $user = ['id' => (int) $_G['uid'], 'group' => (int) $_G['groupid']];
        $_G['discuzcodemessage'] = $param['caller'] === 'discuzcode'
            ? self::$sluice->post($_G['discuzcodemessage'], $user)
            : SluiceTags::strip($_G['discuzcodemessage']);
    }
}

class mobileplugin_sluice extends plugin_sluice
{
}
