/* The signed prefix of a film's addresses, /hls/{kid}/{md5}/{expires}/{grant}/{media}/…: asked for anew when a request
   finds it (nearly) expired, be it after hours of play or after the lid was shut overnight. Every later request then
   goes below the new one. hls.js keeps the addresses that it knows, so what is buffered stays and nothing stops. */

import { request } from "./session.js";

const PREFIX = /^(?:https?:\/\/[^/]+)?(\/hls\/[^/]+\/[^/]+\/(\d+)\/[^/]+\/[^/]+)(?=\/)/;
const RENEW_BEFORE = 5 * 60 * 1000; // ms: well before the last request that it could be wanted for
const AGAIN_AT_MOST_EVERY = 10 * 1000;

export class Prefix {
  #stream;
  #leave;
  #current = "";
  #expires = Infinity; // ms, by the server's clock
  #ahead = 0; // ms that the server's clock is ahead of this one
  #renewing = null;
  #renewed = -Infinity;

  /** `stream`: where the master playlist is, which has a fresh prefix in it; `leave` is called once there is another. */
  constructor(stream, leave) {
    this.#stream = stream;
    this.#leave = leave;
  }

  /** Go on below the prefix of `url`; `date` is what the server's clock said with it (an HTTP date). */
  take(url, date) {
    const found = PREFIX.exec(url);
    if (!found) return;
    this.#current = found[1];
    this.#expires = Number(found[2]) * 1000;
    this.#ahead = date ? Date.parse(date) - Date.now() : 0;
  }

  /** Return where to ask for `url` now. What refuses a new prefix will say so when the film itself is refused. */
  async address(url) {
    const found = PREFIX.exec(url);
    if (!found || !this.#current) return url;
    if (this.#expires - this.#ahead - Date.now() < RENEW_BEFORE) await this.#renew().catch(() => {});
    return url.replace(found[1], this.#current);
  }

  #renew() {
    if (Date.now() - this.#renewed < AGAIN_AT_MOST_EVERY) return this.#renewing;
    this.#renewed = Date.now();
    return (this.#renewing = this.#fetch());
  }

  async #fetch() {
    const answer = await request(this.#stream);
    const playlist = await answer.text();
    this.take(playlist.split("\n").find((line) => PREFIX.test(line)) ?? "", answer.headers.get("Date"));
    await this.#leave();
  }
}
