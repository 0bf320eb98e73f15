/* Plays films (hls.js, or the browser itself where it knows HLS) and single audio and video files, under
   media-chrome's controls. */

import "./shadow-styles.js"; // before media-chrome
import { RETRY_AFTER, clear, describe, show } from "./problems.js";
import { Renditions } from "./renditions.js";
import { Problem, renew, request } from "./session.js";
import { SoundTracks } from "./soundtracks.js";

const HLS_TYPE = "application/vnd.apple.mpegurl";
const PAGE_KEYS = new Set([" ", "k", "m", "f", "j", "l", "ArrowLeft", "ArrowRight"]);
const STOPPED = 409; // too many streams, or ended from elsewhere: a person decides
const REFUSED = new Set([401, 403, STOPPED, 410]); // answers that asking again does not change
const AGAIN_AT_MOST_EVERY = 30 * 1000;
const MEND_AT_MOST_EVERY = 5 * 1000;

// A few quick tries by hls.js, then the page says what is wrong and goes on trying by itself.
const PATIENCE = {
  default: {
    maxTimeToFirstByteMs: 10000,
    maxLoadTimeMs: 60000,
    timeoutRetry: { maxNumRetry: 2, retryDelayMs: 0, maxRetryDelayMs: 0 },
    errorRetry: { maxNumRetry: 2, retryDelayMs: 1000, maxRetryDelayMs: 4000 },
  },
};

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
  const failed = async () => show(stage, await causeOf(stage.dataset.stream), () => element.load());
  element.addEventListener("error", failed);
  element.addEventListener("loadedmetadata", () => clear(stage));
  if (element.error) failed(); // the page's own src had failed before this script came
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
  #triedAgain = 0;
  #mended = 0;
  #failing = false;
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
      fragLoadPolicy: PATIENCE,
      keyLoadPolicy: PATIENCE,
    });
    video.videoRenditions = new Renditions();
    video.videoRenditions.follow(this.#hls, Hls.Events);
    Object.defineProperty(video, "audioTracks", { value: new SoundTracks() }); // Safari has a read-only one
    video.audioTracks.follow(this.#hls, Hls.Events);
    this.#hls.on(Hls.Events.ERROR, (_, data) => {
      if (data.fatal || REFUSED.has(data.response?.code)) this.#failed(data);
    });
    this.#hls.on(Hls.Events.FRAG_BUFFERED, () => this.#recovered());
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
    if (this.#failing) return;
    this.#failing = true;
    this.#hls.stopLoad(); // what is buffered plays on; nothing more is asked for until it is known why
    await this.#answer(problemOf(data));
    this.#failing = false;
  }

  /** A token that ran out is renewed, a grant that ended is asked for again; neither in a loop. */
  async #answer(problem) {
    if (!REFUSED.has(problem.status) || problem.status === STOPPED || !this.#mayTryAgain()) return this.#report(problem);
    if (problem.status !== 401) return this.open(this.#video.currentTime);
    if (await renew().catch(() => false)) return this.#goOn();
    this.#report(problem);
  }

  #mayTryAgain() {
    const now = Date.now();
    if (now - this.#triedAgain < AGAIN_AT_MOST_EVERY) return false;
    this.#triedAgain = now;
    return true;
  }

  #goOn() {
    if (this.#hls.levels.length) this.#hls.startLoad();
    else this.open(this.#video.currentTime);
  }

  #mend() {
    const now = Date.now();
    if (now - this.#mended < MEND_AT_MOST_EVERY) return this.#openAnew();
    this.#mended = now;
    this.#hls.recoverMediaError();
  }

  /** What cannot be decoded may have been encrypted anew meanwhile: the whole stream is asked for, once. */
  #openAnew() {
    if (!this.#mayTryAgain()) return this.#report(new Problem(0, { code: "DECODE" }));
    this.open(this.#video.currentTime);
  }

  /** Say it once the buffer has run dry, not while the film still goes on. */
  #report(problem) {
    this.#trouble.abort();
    const { signal } = (this.#trouble = new AbortController());
    const again = () => (problem.status === STOPPED ? this.open(this.#video.currentTime) : this.#goOn());
    const say = () => show(this.#stage, problem, again);
    const playsOn = !this.#video.paused && this.#video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
    if (!playsOn) return say();
    this.#video.addEventListener("waiting", say, { once: true, signal });
    if (describe(problem).passing) setTimeout(() => signal.aborted || this.#goOn(), RETRY_AFTER);
  }

  #recovered() {
    this.#trouble.abort();
    clear(this.#stage);
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
