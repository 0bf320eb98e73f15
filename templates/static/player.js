/* Plays films (hls.js, or the browser itself where it knows HLS) and single audio and video files, under
   media-chrome's controls. */

import "./shadow-styles.js"; // before media-chrome
import { clear, describe, show } from "./problems.js";
import { Renditions } from "./renditions.js";
import { Problem, renew, request } from "./session.js";

const HLS_TYPE = "application/vnd.apple.mpegurl";
const PAGE_KEYS = new Set([" ", "k", "m", "f", "j", "l", "ArrowLeft", "ArrowRight"]);
const REOPEN_AT_MOST_EVERY = 30 * 1000;
const RETRY_AFTER = 5 * 1000;

/** Start the player that `stage` holds. */
export async function play(stage) {
  const element = stage.querySelector("video, audio");
  if (stage.dataset.delivery === "hls") await playHls(stage, element);
  else playFile(stage, element);
  await import(stage.dataset.mediaChrome);
  element.controls = false; // they were for a page without scripts
  listenToPage(stage.querySelector("media-controller"));
}

async function playHls(stage, video) {
  const { default: Hls } = await import(stage.dataset.hls);
  if (Hls.isSupported()) new Film(stage, video, Hls).open(0);
  else if (video.canPlayType(HLS_TYPE)) playFile(stage, video);
  else show(stage, new Problem(0, { code: "DECODE" }));
}

function playFile(stage, element) {
  element.addEventListener("error", async () => {
    show(stage, await causeOf(stage.dataset.stream), () => location.reload());
  });
  if (!element.src) element.src = stage.dataset.stream;
}

/** Return why a media element could not load `url`: the server's reason, or that the format is unknown here. */
async function causeOf(url) {
  try {
    await request(url, { headers: { Range: "bytes=0-0" } });
    return new Problem(0, { code: "DECODE" });
  } catch (problem) {
    return problem;
  }
}

/** Let the player's keys work while nothing on the page has the focus (up and down keep scrolling it). */
function listenToPage(controller) {
  document.addEventListener("keydown", (event) => {
    const modified = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
    if (event.target !== document.body || modified || !PAGE_KEYS.has(event.key)) return;
    event.preventDefault();
    controller.keyboardShortcutHandler(event);
  });
}

/** One film: an hls.js instance, and what happens when it is refused something. */
class Film {
  #stage;
  #video;
  #hls;
  #kinds;
  #reopened = 0;
  #mended = 0;
  #trouble = new AbortController();

  constructor(stage, video, Hls) {
    this.#stage = stage;
    this.#video = video;
    this.#kinds = Hls.ErrorTypes;
    this.#hls = new Hls({
      startPosition: 0, // a film that is still growing starts at its beginning, too
      enableWorker: true,
      workerPath: stage.dataset.hlsWorker, // a file of our own: no blob needed
      capLevelToPlayerSize: true,
      backBufferLength: 60,
    });
    video.videoRenditions = new Renditions();
    video.videoRenditions.follow(this.#hls, Hls.Events);
    this.#hls.on(Hls.Events.ERROR, (_, data) => data.fatal && this.#failed(data));
    this.#hls.attachMedia(video);
  }

  /** Ask for the stream (and so for a new grant) and go on at `position`, playing if it was. */
  open(position) {
    const playing = !this.#video.paused;
    this.#hls.config.startPosition = position;
    this.#hls.loadSource(this.#stage.dataset.stream);
    if (playing) this.#video.addEventListener("canplay", () => this.#video.play(), { once: true });
  }

  async #failed(data) {
    if (data.type !== this.#kinds.NETWORK_ERROR) return this.#mend();
    const problem = problemOf(data);
    const session = problem.status === 401;
    if (session && !(await renew().catch(() => false))) return this.#report(problem);
    const refused = session || problem.status === 403 || problem.status === 410;
    if (refused && this.#mayReopen()) return this.open(this.#video.currentTime);
    this.#report(problem);
  }

  /** A grant that ended is asked for again, but never in a loop. */
  #mayReopen() {
    const now = Date.now();
    if (now - this.#reopened < REOPEN_AT_MOST_EVERY) return false;
    this.#reopened = now;
    return true;
  }

  #mend() {
    const now = Date.now();
    if (now - this.#mended < RETRY_AFTER) return this.#report(new Problem(0, { code: "DECODE" }));
    this.#mended = now;
    this.#hls.recoverMediaError();
  }

  /** Say it once the buffer has run dry, not while the film still goes on; passing troubles are tried again. */
  #report(problem) {
    const { signal } = (this.#trouble = new AbortController());
    const say = () => show(this.#stage, problem, () => this.#retry());
    const goesOn = !this.#video.paused && this.#video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
    if (goesOn) this.#video.addEventListener("waiting", say, { once: true, signal });
    else say();
    if (!describe(problem).passing) return;
    const timer = setTimeout(() => this.#retry(), RETRY_AFTER);
    signal.addEventListener("abort", () => clearTimeout(timer));
  }

  #retry() {
    this.#trouble.abort();
    clear(this.#stage);
    if (this.#hls.levels.length) this.#hls.startLoad();
    else this.open(this.#video.currentTime);
  }
}

/** Return the server's error of a failed hls.js request. */
function problemOf({ response, networkDetails: xhr }) {
  const status = response?.code ?? 0;
  if (!status) return new Problem(0, { code: "OFFLINE" });
  try {
    const text = xhr.responseType === "arraybuffer" ? new TextDecoder().decode(xhr.response) : xhr.responseText;
    return new Problem(status, JSON.parse(text).error);
  } catch {
    return new Problem(status);
  }
}
