/* One photo after the other, until the last one or until nobody looks. The screen stays on meanwhile. */

const SECONDS = "sluice.slideshow"; // the chosen pace

export class Slideshow {
  #button;
  #pace;
  #next;
  #timer = 0;
  #lock = null;

  /** `next()` goes on and resolves to false where there is nothing more. */
  constructor(stage, next) {
    this.#button = stage.querySelector("[data-do=slides]");
    this.#pace = stage.querySelector("[data-seconds]");
    this.#next = next;
    if (!this.#button) return;
    const chosen = localStorage.getItem(SECONDS);
    if (chosen && [...this.#pace.options].some(({ value }) => value === chosen)) this.#pace.value = chosen;
    this.#pace.addEventListener("change", () => localStorage.setItem(SECONDS, this.#pace.value));
    document.addEventListener("visibilitychange", () => document.hidden && this.stop());
  }

  toggle() {
    if (this.#timer) this.stop();
    else if (this.#button) this.#start();
  }

  stop() {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#lock?.release().catch(() => {});
    this.#lock = null;
    this.#show();
  }

  async #start() {
    this.#wait();
    this.#show();
    this.#lock = await navigator.wakeLock?.request("screen").catch(() => null);
    if (!this.#timer) this.#lock?.release().catch(() => {}); // stopped meanwhile
  }

  #wait() {
    const timer = setTimeout(async () => {
      const wentOn = await this.#next();
      if (this.#timer !== timer) return;
      if (wentOn) this.#wait();
      else this.stop();
    }, this.#pace.value * 1000);
    this.#timer = timer;
  }

  #show() {
    const runs = Boolean(this.#timer);
    this.#button.setAttribute("aria-pressed", runs);
    this.#button.setAttribute("aria-label", runs ? "Stop the slideshow" : "Slideshow");
  }
}
