/* One film: an hls.js instance, and what happens when it is refused something. */

import "./empty-tracks.js";
import { Prefix } from "./prefix.js";
import { clear, describe, retryAfter, show } from "./problems.js";
import { Renditions } from "./renditions.js";
import { SOUGHT } from "./seeking.js";
import { Problem, renew, request } from "./session.js";
import { SoundTracks } from "./soundtracks.js";

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

export class Film {
  #stage;
  #video;
  #hls;
  #kinds;
  #prefix;
  #triedAgain = 0;
  #mended = 0;
  #failing = false;
  #wanted = false; // by a person; before, no content key is asked for: a look at the page is no stream
  #trouble = new AbortController();

  constructor(stage, video, Hls) {
    this.#stage = stage;
    this.#video = video;
    this.#kinds = Hls.ErrorTypes;
    this.#prefix = new Prefix(stage.dataset.stream, () => leave(stage.dataset));
    this.#hls = new Hls({
      startPosition: 0, // a film that is still growing starts at its beginning, too
      enableWorker: true,
      workerPath: stage.dataset.hlsWorker, // a file of our own: no blob needed
      capLevelToPlayerSize: true,
      interstitialsController: undefined, // nothing is put between; it would begin to load by itself
      backBufferLength: 60,
      fragLoadPolicy: PATIENCE,
      keyLoadPolicy: PATIENCE,
      xhrSetup: async (xhr, url) => xhr.open("GET", await this.#prefix.address(url), true),
    });
    video.videoRenditions = new Renditions();
    video.videoRenditions.follow(this.#hls, Hls.Events);
    Object.defineProperty(video, "audioTracks", { value: new SoundTracks() }); // Safari has a read-only one
    video.audioTracks.follow(this.#hls, Hls.Events);
    this.#hls.on(Hls.Events.MANIFEST_LOADED, (_, { levels, networkDetails }) =>
      this.#prefix.take(levels[0].url, networkDetails?.getResponseHeader("Date")),
    );
    this.#hls.on(Hls.Events.ERROR, (_, data) => {
      const offline = data.type === this.#kinds.NETWORK_ERROR && !navigator.onLine; // other qualities are no nearer
      if (data.fatal || offline || REFUSED.has(data.response?.code)) this.#failed(data);
    });
    this.#hls.on(Hls.Events.FRAG_BUFFERED, () => this.#recovered());
    this.#hls.on(Hls.Events.LEVEL_LOADING, () => this.#wanted || this.#hls.pauseBuffering());
    for (const event of ["play", SOUGHT]) video.addEventListener(event, () => this.#want());
    stage.addEventListener("mediaseekrequest", () => this.#want()); // by media-chrome's time line
    this.#hls.attachMedia(video);
  }

  /** From now on it is fetched, from where the element is to begin. */
  #want() {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#hls.config.startPosition = this.#video.currentTime;
    if (this.#hls.levels.length) this.#hls.startLoad(this.#video.currentTime);
  }

  /** Ask for the stream (and so for a new grant) and go on at `position`, playing if it was. */
  open(position) {
    const playing = !this.#video.paused;
    this.#wanted ||= playing; // by whoever did not wait for this script
    if (!this.#wanted) this.#video.currentTime = position; // where it begins, once it does
    this.#hls.config.startPosition = position;
    this.#hls.loadSource(this.#stage.dataset.stream);
    if (playing) this.#video.addEventListener("canplay", () => this.#video.play(), { once: true });
  }

  /** Let go of the element: something else plays in it. */
  leave() {
    this.#hls.detachMedia();
  }

  /** Take it up again, at `position`. */
  comeBack(position) {
    this.#hls.attachMedia(this.#video);
    this.open(position);
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
    else this.open(this.#video.currentTime || this.#hls.config.startPosition);
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
    if (describe(problem).passing) setTimeout(() => signal.aborted || this.#goOn(), retryAfter(problem));
  }

  #recovered() {
    this.#trouble.abort();
    clear(this.#stage);
  }
}

/** The grant before does not count as one more stream of the same user. (A share's visitors have no such limit.) */
async function leave({ media, position }) {
  if (position !== undefined) await request(`/api/streams/${media}/end`, { method: "POST" });
}

/** Return the server's error of a failed hls.js request. */
function problemOf({ response, networkDetails: xhr }) {
  const status = response?.code ?? 0;
  if (!status) return new Problem(0, { code: "OFFLINE" });
  const wait = Number(xhr.getResponseHeader?.("Retry-After")) || undefined;
  try {
    const text = xhr.responseType === "arraybuffer" ? new TextDecoder().decode(xhr.response) : xhr.responseText;
    return new Problem(status, JSON.parse(text).error, wait);
  } catch {
    return new Problem(status, {}, wait);
  }
}
