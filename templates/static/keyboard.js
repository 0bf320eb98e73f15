/* The player's keys. They work wherever the focus is, but for where one types or where the key has another meaning. */

import { seek } from "./seeking.js";

const STEP = 5; // seconds of an arrow key
const LEAP = 10; // of j and l
const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2];

/** Let keys steer `video` under `controller`; "?" opens the page's list of them. */
export function listenToKeys(controller, video) {
  controller.setAttribute("nohotkeys", ""); // it would answer some of them, too
  const actions = actionsOf(controller, video);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || meansSomethingElse(event)) return;
    const action = /^[0-9]$/.test(event.key) ? () => seekToTenth(video, Number(event.key)) : actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

function actionsOf(controller, video) {
  const ask = (name) => controller.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true }));
  const toggle = () => (video.paused ? video.play() : video.pause());
  const move = (by) => () => seek(video, video.currentTime + by);
  const louder = (by) => () => {
    video.muted = false;
    video.volume = Math.max(0, Math.min(1, video.volume + by));
  };
  return {
    " ": toggle, k: toggle,
    ArrowLeft: move(-STEP), ArrowRight: move(STEP), j: move(-LEAP), l: move(LEAP),
    ArrowUp: louder(0.1), ArrowDown: louder(-0.1), m: () => (video.muted = !video.muted),
    c: () => ask("mediatogglesubtitlesrequest"),
    f: () => ask(document.fullscreenElement ? "mediaexitfullscreenrequest" : "mediaenterfullscreenrequest"),
    p: () => ask(document.pictureInPictureElement ? "mediaexitpiprequest" : "mediaenterpiprequest"),
    "<": () => changeRate(video, -1), ">": () => changeRate(video, 1),
    "?": () => document.getElementById("keys")?.showModal(),
  };
}

function seekToTenth(video, tenth) {
  const length = video.duration || Number(video.dataset.length);
  if (Number.isFinite(length)) seek(video, (length * tenth) / 10);
}

function changeRate(video, by) {
  const nearest = RATES.findLastIndex((rate) => rate <= video.playbackRate);
  video.playbackRate = RATES[Math.max(0, Math.min(RATES.length - 1, nearest + by))];
}

/** Whether the focused element wants this key for itself. */
function meansSomethingElse(event) {
  if (event.defaultPrevented) return true;
  const path = event.composedPath().filter((part) => part instanceof Element);
  const inside = (selector) => path.some((part) => part.matches(selector));
  if (inside("input:not([type=range], [type=checkbox], [type=radio]), textarea, select, dialog, [contenteditable]")) return true;
  if (inside("media-settings-menu, media-chrome-menu, [role=menu]")) return true;
  if (event.key === " ") return inside("button, a, summary, input, [role=button]");
  if (!event.key.startsWith("Arrow")) return false;
  if (inside("input, [role=slider]")) return true; // ranges move by them
  return !inside("media-controller") && /Up|Down/.test(event.key); // the page scrolls
}
