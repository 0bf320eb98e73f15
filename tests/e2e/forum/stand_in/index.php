<?php
// A topic of a forum with one post, ?post=…: escaped, handed to the plugin, its line ends and [b] made into HTML after that.

require './source/class/class_core.php';
C::app()->init();
require getenv('FORUM_PLUGIN') . '/sluice.class.php';

$message = htmlspecialchars($_GET['post'], ENT_QUOTES);
$_G['discuzcodemessage'] = &$message;
(new plugin_sluice())->discuzcode(['caller' => $_GET['caller'] ?? 'discuzcode', 'param' => []]);
$message = preg_replace('~\[b\](.*?)\[/b\]~', '<b onclick="window.hit=1">$1</b>', $message);
$message = str_replace([':)', '  '], ['<img src="smile.gif">', '&nbsp; '], $message);
header('Content-Type: text/html; charset=utf-8');
echo '<!doctype html><meta charset="utf-8"><title>forum</title><link rel="icon" href="data:,">', nl2br($message);
