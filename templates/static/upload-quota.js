/* The quota bar: what is used, what it will be after this, what there is. */

import { json } from "./session.js";
import { size } from "./sizes.js";

const REST = 400; // ms between questions, however many files ask

export class Quota {
  #pending = 0;
  #timer;

  constructor(element) {
    this.element = element;
    this.#draw();
  }

  /** `bytes` are to come that the server does not count yet. */
  after(bytes) {
    this.#pending = bytes;
    this.#draw();
  }

  /** Ask the server, soon, what is used now. */
  refresh() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), REST);
  }

  async #ask() {
    const quota = await json(this.element.dataset.url).catch(() => null);
    if (!quota) return; // no answer now: the next file asks again
    Object.assign(this.element.dataset, { used: quota.used + quota.reserved, limit: quota.limit });
    this.#draw();
  }

  #draw() {
    const used = Number(this.element.dataset.used), limit = Number(this.element.dataset.limit);
    this.element.classList.toggle("is-endless", !limit);
    const share = (bytes) => Math.min(100, (100 * bytes) / (limit || Infinity));
    const after = used + this.#pending;
    const [usedBar, afterBar] = this.element.querySelectorAll("rect");
    usedBar.setAttribute("width", share(used));
    afterBar.setAttribute("width", share(after));
    this.element.classList.toggle("is-over", Boolean(limit) && after > limit);
    this.element.querySelector("[data-used]").textContent = limit ? `${size(used)} of ${size(limit)} used` : `${size(used)} used`;
    this.element.querySelector("[data-after]").textContent = sentence(after, limit, this.#pending);
  }
}

function sentence(after, limit, pending) {
  if (!limit) return pending ? `${size(after)} after this` : "";
  if (after > limit) return `${size(after - limit)} too much for your quota`;
  return pending ? `${size(after)} after this` : `${size(limit - after)} free`;
}
