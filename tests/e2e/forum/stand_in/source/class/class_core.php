<?php
// A stand-in for Discuz: who is signed in stands in a cookie "forum=uid.group" instead of its database.

define('IN_DISCUZ', true);

class C
{
    public static function app()
    {
        return new self();
    }

    public function init()
    {
        global $_G;
        [$uid, $group] = explode('.', $_COOKIE['forum'] ?? '0.7');
        $_G = ['uid' => $uid, 'groupid' => $group, 'config' => ['sluice' => getenv('FORUM_CONFIG')]];
        ob_start(); // as Discuz does
    }
}
