/* One file on its way: tus-js-client below, and above it what a person wants to know: in which state it is, how far, and
   why not. What passes by itself (no network, a server that restarts) is waited for; anything else is said. */

import { describe } from "./problems.js";
import { Problem, json, renew, request } from "./session.js";
import { Speed } from "./sizes.js";
import { fingerprint } from "./upload-memory.js";
import { REQUESTS, TERMINATION, passes, problemOf } from "./upload-requests.js";

const RETRY_DELAYS = [1, 2, 4, 8, 15, 30].map((seconds) => seconds * 1000); // the last one again and again
const GONE = [404, 410, 422]; // completed, given up, expired or refused
const LOOK_EVERY = 1500; // ms between questions about what the server does with it

/** States: queued, sending, paused, waiting (for the network), checking, preparing, done, failed; absent: the file has
    to be chosen again. Calls `changed(transfer)` whenever there is something new to show. */
export class Transfer {
  #tus;
  #timer;
  #attempt = 0;
  #following = false;
  #renewed = false; // once, until bytes have moved again
  #speed = new Speed();
  state = "queued";
  sent = 0;
  problem = null; // as describe() tells it
  media = null; // as GET /api/media/{id} tells it
  progress = 0; // of the checking, then of the preparing; per cent
  reserved = false; // whether the server's quota counts it

  constructor({ file, name, size, folder, options }, settings, changed) {
    Object.assign(this, { file, name, size, folder, options, settings, changed });
  }

  /** One that an earlier visit left: its file has to be chosen again. */
  static remembered(upload, settings, changed) {
    const { filename, folder = "", ...options } = upload.metadata;
    const transfer = new Transfer({ name: filename, size: upload.size, folder, options }, settings, changed);
    return Object.assign(transfer, { state: "absent", upload });
  }

  get #url() {
    return this.#tus?.url ?? this.upload?.uploadUrl;
  }

  get isActive() {
    return ["sending", "waiting"].includes(this.state);
  }

  get isOver() {
    return ["checking", "preparing", "done"].includes(this.state);
  }

  get speed() {
    return this.state === "sending" ? this.#speed.perSecond : 0;
  }

  get secondsLeft() {
    return this.speed ? (this.size - this.sent) / this.speed : null;
  }

  /** Whether `file` is the one that this absent transfer needs. */
  matches(file, folder) {
    const known = !folder || folder === this.folder;
    return this.state === "absent" && known && this.upload.fingerprint === fingerprint(file);
  }

  /** Ask the server how much of it is there; false when it knows nothing of it any more. */
  async ask() {
    try {
      const answer = await request(this.upload.uploadUrl, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } });
      this.sent = Number(answer.headers.get("Upload-Offset"));
      this.reserved = true;
    } catch ({ status }) {
      const gone = GONE.includes(status);
      if (gone) await this.settings.memory.forget(this.upload.uploadUrl);
      return !gone;
    }
    return true;
  }

  /** The file has been chosen again: it goes on where it was. */
  adopt(file) {
    this.file = file;
    this.#become("queued");
  }

  start() {
    this.#tus ??= this.#client();
    this.#become("sending");
    this.#speed.restart(this.sent);
    this.#tus.start();
  }

  pause() {
    clearTimeout(this.#timer);
    this.#tus?.abort();
    this.#become("paused");
  }

  resume() {
    this.#attempt = 0;
    this.#become("queued");
  }

  /** Give it up, here and on the server. A server that cannot be told lets it expire. */
  async cancel() {
    clearTimeout(this.#timer);
    this.#become("cancelled");
    await this.#tus?.abort();
    if (!this.#url) return;
    await this.settings.memory.forget(this.#url);
    await this.settings.Upload.terminate(this.#url, TERMINATION).catch(() => {});
  }

  /** The network is back: no need to wait for the next try. */
  hurry() {
    if (this.state !== "waiting") return;
    clearTimeout(this.#timer);
    this.start();
  }

  // --- tus ------------------------------------------------------------------------------------------------------------

  #client() {
    const { file, name, folder, options, settings } = this;
    const upload = new settings.Upload(file ?? new Blob(), {
      ...REQUESTS,
      endpoint: settings.endpoint,
      chunkSize: settings.chunkSize,
      metadata: { filename: name, filetype: file?.type ?? "", ...(folder && { folder }), ...options },
      urlStorage: settings.memory,
      fingerprint: async () => fingerprint(file),
      removeFingerprintOnSuccess: true,
      onUploadUrlAvailable: () => this.#accepted(),
      onProgress: (sent) => this.#progressed(sent),
      onError: (error) => this.#failed(error),
      onChunkComplete: () => (this.#renewed = false),
      onSuccess: () => this.#arrived(),
    });
    if (this.upload) upload.resumeFromPreviousUpload(this.upload);
    return upload;
  }

  #accepted() {
    this.reserved = true;
    this.settings.reserved();
  }

  #progressed(sent) {
    if (this.state !== "sending") return;
    this.sent = sent;
    this.#attempt = 0;
    this.#speed.measure(sent);
    this.changed(this);
    if (sent === this.size) this.#arrived(); // as far as we can tell: the last answer comes when all is checked
  }

  async #failed(error) {
    const problem = problemOf(error);
    const renewed = problem.status === 401 && (await renew().catch(() => false));
    if (renewed && !this.#renewed) {
      this.#renewed = true;
      if (this.isActive) this.start();
    } else if (passes(problem)) this.#wait(describe(problem));
    else if (problem.status === 401 && !renewed) this.#stop(describe(problem)); // signed out: what is there stays
    else this.#refused(describe(problem));
  }

  #wait(problem) {
    this.problem = problem;
    this.#become("waiting");
    const delay = RETRY_DELAYS[Math.min(this.#attempt++, RETRY_DELAYS.length - 1)];
    this.#timer = setTimeout(() => this.start(), delay);
  }

  #stop(problem) {
    this.problem = problem;
    this.#become("failed");
  }

  /** The next try begins with the first byte. */
  #refused(problem) {
    if (this.#url) this.settings.memory.forget(this.#url);
    this.#tus = this.upload = this.media = null;
    Object.assign(this, { reserved: false, sent: 0 });
    this.#stop(problem);
  }

  // --- what the server makes of it ------------------------------------------------------------------------------------

  #arrived() {
    this.sent = this.size;
    this.problem = null;
    this.#become("checking");
    this.#follow();
  }

  /** Ask how far it is until it is in the library, or is refused. */
  async #follow() {
    if (this.#following) return;
    this.#following = true;
    while (this.isOver && this.state !== "done") {
      await this.#look().catch((problem) => !passes(problem) && this.#refused(describe(problem)));
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    }
    this.#following = false;
  }

  async #look() {
    this.media ??= await this.#received();
    if (!this.media) return this.changed(this);
    this.media = await json(`/api/media/${this.media.id}`);
    if (this.isOver) this.#judge();
  }

  /** The id of its media once it is joined and checked, else null. */
  async #received() {
    const { percent, error, media_id: id } = await json(this.settings.statusUrl + this.#url.split("/").at(-1));
    this.progress = percent;
    if (error) this.#refused(describe(new Problem(422, error)));
    return id && { id };
  }

  #judge() {
    if (!this.media) return;
    const { state, progress, error } = this.media;
    this.progress = progress;
    if (state === "failed") {
      return this.#refused({ title: error?.message ?? "It could not be prepared.", text: error?.details ?? "" });
    }
    this.#become(state === "completed" ? "done" : "preparing");
  }

  #become(state) {
    this.state = state;
    this.changed(this);
  }
}
