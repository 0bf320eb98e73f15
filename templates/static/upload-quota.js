/* The quota bar: what is used, what it will be after this, what there is. */

import { json } from "./session.js";
import { size } from "./sizes.js";

const REST = 400; // ms between questions, however many files ask

export class Quota {
  #pending = 0;
  #timer;

  constructor(element) {
    this.element = element;
    if (element) this.#draw();
  }

  /** `bytes` are to come that the server does not count yet. */
  after(bytes) {
    this.#pending = bytes;
    if (this.element) this.#draw();
  }

  /** Ask the server, soon, what is used now. */
  refresh() {
    clearTimeout(this.#timer);
    if (this.element) this.#timer = setTimeout(() => this.#ask(), REST);
  }

  async #ask() {
    const { used, limit } = await json(this.element.dataset.url).catch(() => this.element.dataset);
    Object.assign(this.element.dataset, { used, limit });
    this.#draw();
  }

  #draw() {
    const used = Number(this.element.dataset.used), limit = Number(this.element.dataset.limit);
    const share = (bytes) => Math.min(100, (100 * bytes) / limit);
    const after = used + this.#pending;
    const [usedBar, afterBar] = this.element.querySelectorAll("rect");
    usedBar.setAttribute("width", share(used));
    afterBar.setAttribute("width", share(after));
    this.element.classList.toggle("is-over", after > limit);
    this.element.querySelector("[data-used]").textContent = `${size(used)} of ${size(limit)} used`;
    this.element.querySelector("[data-after]").textContent = sentence(after, limit, this.#pending);
  }
}

function sentence(after, limit, pending) {
  if (after > limit) return `${size(after - limit)} too much for your quota`;
  return pending ? `${size(after)} after this` : `${size(limit - after)} free`;
}
