/* Where one was: a film starts there, on every device; it is saved while it plays and whenever it may be left.
   A share's visitors have theirs in their own browser. */

import { describe } from "./problems.js";
import { seek } from "./seeking.js";
import { json, request } from "./session.js";
import { clock } from "./times.js";

const EVERY = 10 * 1000; // ms of play
const BEGUN = 5; // seconds; less is a look
const OFFER_FOR = 12 * 1000; // ms of play that "Start over" stays

/** Save the position of `video` from now on; return where to start (seconds). */
export function resume(stage, video) {
  const memory = stage.dataset.position === undefined ? new Here(stage.dataset.media) : new Server(stage.dataset);
  const asked = Number(new URLSearchParams(location.search).get("t"));
  const start = asked > 0 ? asked : memory.start;
  save(video, memory);
  if (start >= BEGUN) offerStart(stage, video, start);
  return start;
}

function save(video, memory) {
  let saved = null;
  let at = Date.now();
  let begun = false; // opening a page is not watching
  const put = () => {
    const seconds = Math.round(video.currentTime * 10) / 10;
    if (!begun || seconds === saved) return;
    saved = seconds;
    at = Date.now();
    memory.put(seconds, Number.isFinite(video.duration) ? video.duration : 0);
  };
  video.addEventListener("playing", () => (begun = true));
  video.addEventListener("timeupdate", () => !video.paused && Date.now() - at >= EVERY && put());
  for (const event of ["pause", "ended"]) video.addEventListener(event, put);
  document.addEventListener("visibilitychange", () => document.hidden && put());
  addEventListener("pagehide", put);
}

function offerStart(stage, video, start) {
  const chip = stage.querySelector("[data-resumed]");
  if (!chip) return;
  chip.querySelector("[data-at]").textContent = clock(start);
  chip.hidden = false;
  chip.querySelector("button").addEventListener("click", () => {
    seek(video, 0);
    chip.hidden = true;
    stage.querySelector("media-controller").focus();
  });
  video.addEventListener("playing", begun, { once: true });
  function begun() {
    chip.querySelector("[data-says]").textContent = "Resumed";
    setTimeout(() => (chip.hidden = true), OFFER_FOR);
  }
}

/** On the server, of whoever is signed in. */
class Server {
  #url;

  constructor({ media, position }) {
    this.#url = `/api/media/${media}/position`;
    this.start = Number(position);
  }

  put(seconds, duration) {
    const body = JSON.stringify({ seconds, duration });
    const headers = { "Content-Type": "application/json" };
    request(this.#url, { method: "PUT", headers, body, keepalive: true }).catch(() => {}); // the next one may arrive
  }
}

/** In this browser alone; in a frame of another site it may keep nothing. */
class Here {
  #key;
  #store = storage();

  constructor(media) {
    this.#key = `sluice.position.${media}`;
    const { seconds, duration } = JSON.parse(this.#store?.getItem(this.#key) ?? "{}");
    this.start = seconds < duration * 0.95 ? seconds : 0;
  }

  put(seconds, duration) {
    this.#store?.setItem(this.#key, JSON.stringify({ seconds, duration }));
  }
}

function storage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

/** The buttons that say "watched" and "not watched" of a film. */
export function wireWatched() {
  const button = document.querySelector("[data-watched]");
  button?.addEventListener("click", async () => {
    const watched = button.getAttribute("aria-pressed") !== "true";
    try {
      await markWatched(button.dataset.watched, watched, Number(button.dataset.length));
      button.setAttribute("aria-pressed", watched);
      button.title = "";
    } catch (problem) {
      button.title = describe(problem).title;
    }
  });
}

async function markWatched(media, watched, duration) {
  const url = `/api/media/${media}/position`;
  if (!watched) return request(url, { method: "DELETE" });
  return json(url, { seconds: 0, duration, finished: true }, "PUT");
}
