<?php
// Copy to the forum's root as sluice_proxy.php. Sends files of Sluice on to visitors who cannot reach it themselves.

define('APPTYPEID', 0);
define('CURSCRIPT', 'sluice_proxy');
require './source/class/class_core.php';
C::app()->init();

$sluice = require $_G['config']['sluice'];
$sluice->proxy()->answer($_GET, $_SERVER, ['id' => (int) $_G['uid'], 'group' => (int) $_G['groupid']]);
