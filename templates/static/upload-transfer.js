/* One file on its way: tus-js-client below, and above it what a person wants to know: in which state it is, how far, and
   why not. What passes by itself (no network, a server that restarts) is waited for; anything else is said. */

import { describe } from "./problems.js";
import { json, renew, request } from "./session.js";
import { Speed } from "./sizes.js";
import { fingerprint } from "./upload-memory.js";
import { REQUESTS, passes, problemOf } from "./upload-requests.js";

const RETRY_DELAYS = [1, 2, 4, 8, 15, 30].map((seconds) => seconds * 1000); // the last one again and again
const LOOK_EVERY = 1500; // ms between questions about what the server does with it

/** States: queued, sending, paused, waiting (for the network), checking, preparing, done, failed; absent: the file has
    to be chosen again. Calls `changed(transfer)` whenever there is something new to show. */
export class Transfer {
  #tus;
  #timer;
  #attempt = 0;
  #speed = new Speed();
  state = "queued";
  sent = 0;
  problem = null; // as describe() tells it
  media = null; // as GET /api/media/{id} tells it
  progress = 0; // of the preparing, per cent
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
      if (status === 404 || status === 410) await this.settings.memory.removeUpload(this.upload.urlStorageKey);
      return status !== 404 && status !== 410;
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
    const url = this.#tus?.url ?? this.upload?.uploadUrl;
    await this.#tus?.abort();
    if (this.upload) await this.settings.memory.removeUpload(this.upload.urlStorageKey);
    if (url) await this.settings.Upload.terminate(url, REQUESTS).catch(() => {});
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
      onSuccess: ({ lastResponse }) => this.#arrived(lastResponse),
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
  }

  async #failed(error) {
    const problem = problemOf(error);
    if (problem.status === 401 && (await renew().catch(() => false))) return this.start();
    this.problem = describe(problem);
    if (!passes(problem)) return this.#become("failed");
    this.#become("waiting");
    const delay = RETRY_DELAYS[Math.min(this.#attempt++, RETRY_DELAYS.length - 1)];
    this.#timer = setTimeout(() => this.start(), delay);
  }

  // --- what the server makes of it ------------------------------------------------------------------------------------

  #arrived(response) {
    this.sent = this.size;
    this.problem = null;
    this.#become("checking");
    this.#follow(this.settings.statusOf(this.#tus.url, response));
  }

  /** Ask until it is in the library: `ask` answers {media_id} once it is joined and checked. */
  async #follow(ask) {
    try {
      this.media ??= await ask();
      if (this.media) this.media = await json(`/api/media/${this.media.id}`);
    } catch (problem) {
      if (!passes(problem)) {
        this.problem = describe(problem);
        return this.#become("failed");
      }
    }
    this.#judge();
    if (this.isOver && this.state !== "done") setTimeout(() => this.#follow(ask), LOOK_EVERY);
  }

  #judge() {
    if (!this.media) return;
    const { state, progress, error } = this.media;
    this.progress = progress;
    if (state === "failed") {
      this.problem = { title: error?.message ?? "It could not be prepared.", text: error?.details ?? "" };
      return this.#become("failed");
    }
    this.#become(state === "completed" ? "done" : "preparing");
  }

  #become(state) {
    this.state = state;
    this.changed(this);
  }
}
