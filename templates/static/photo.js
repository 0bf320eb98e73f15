/* START HERE for the photo viewer: what its buttons and keys do, and how it goes on to the photo beside. */

import { addressOf, preload } from "./pictures.js";
import { clear, show } from "./problems.js";
import { Problem } from "./session.js";
import { Slideshow } from "./slideshow.js";
import { adopt, fetchPage } from "./turning.js";
import { Zoom } from "./zoom.js";

const SLIDE = { duration: 160, easing: "ease-out" };
const KEYS = { "+": "in", "=": "in", "-": "out", 0: "fit", 1: "full", f: "whole", s: "slides" };
const IDLE = 3000; // ms after which the buttons give way to the photo, where it has the whole screen

const stillness = matchMedia("(prefers-reduced-motion: reduce)");

/** Show the photo of `stage` and make its buttons work. */
export function open(stage) {
  new Viewer(stage).load();
}

class Viewer {
  #stage;
  #photo;
  #zoom;
  #slides;
  #pages = new Map(); // address -> promise of the page there
  #turning = false;
  #then = null; // the way that was asked for meanwhile
  #idle;

  constructor(stage) {
    this.#stage = stage;
    this.#photo = stage.querySelector("img.photo");
    this.#zoom = new Zoom(stage.querySelector(".photo-frame"), this.#photo, {
      onScale: (percent) => (stage.querySelector("[data-scale]").textContent = `${percent} %`),
      onSwipe: (way, from) => this.turn(way, from),
    });
    this.#slides = new Slideshow(stage, () => this.turn("next"));
    stage.addEventListener("click", (event) => this.#click(event));
    stage.addEventListener("pointermove", () => this.#wake());
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("fullscreenchange", () => this.#whole(document.fullscreenElement === stage));
  }

  async load() {
    try {
      await this.#put(await addressOf(this.#stage.dataset));
      clear(this.#stage);
      this.#stage.querySelector(".photo-tools").hidden = false;
      this.#getReady();
    } catch (problem) {
      this.#slides.stop();
      show(this.#stage, problem, () => this.load());
    }
  }

  async #put(address) {
    this.#photo.src = address;
    await this.#photo.decode().catch(() => {
      throw new Problem(0, { code: "DECODE" });
    });
    this.#photo.hidden = false;
    this.#stage.querySelector(".photo-still")?.remove();
    this.#zoom.fit();
  }

  /** Go to the previous ("prev") or next photo; false if there is none. `from`: how far aside this one was pushed, in px. */
  async turn(way, from = 0) {
    if (this.#turning) {
      this.#then = way;
      return true;
    }
    const url = this.#link(way)?.href;
    if (!url) return false;
    this.#turning = true;
    try {
      const [page] = await Promise.all([this.#page(url), this.#slide(way, from, true)]);
      this.#become(page, url);
      await this.load();
      await this.#slide(way, 0, false);
    } catch (problem) {
      this.#slides.stop();
      show(this.#stage, problem, () => (location.href = url));
    }
    this.#turning = false;
    const then = this.#then;
    this.#then = null;
    if (then) await this.turn(then);
    return true;
  }

  #link(way) {
    return this.#stage.querySelector(`.photo-turn[rel=${way}]`);
  }

  #page(url) {
    if (!this.#pages.has(url)) this.#pages.set(url, fetchPage(url));
    this.#pages.get(url).catch(() => this.#pages.delete(url));
    return this.#pages.get(url);
  }

  /** The photo leaves to one side, the next one comes from the other. */
  async #slide(way, from, leaving) {
    if (stillness.matches) return;
    const far = (way === "next" ? -1 : 1) * this.#stage.clientWidth * 0.3;
    const here = { transform: `translateX(${from}px)`, opacity: 1 };
    const gone = { transform: `translateX(${leaving ? from + far : -far}px)`, opacity: 0 };
    const moving = this.#photo.animate(leaving ? [here, gone] : [gone, here], SLIDE);
    await moving.finished.catch(() => {});
  }

  /** Be the viewer of another page's photo. */
  #become(page, url) {
    const stage = page.getElementById("stage");
    this.#pages.delete(url);
    if (stage?.dataset.view !== "photo") return (location.href = url);
    Object.assign(this.#stage.dataset, stage.dataset);
    const photo = stage.querySelector("img.photo");
    this.#photo.alt = photo.alt;
    this.#photo.hidden = true;
    for (const old of this.#stage.querySelectorAll(".photo-turn, .photo-still")) old.remove();
    for (const fresh of stage.querySelectorAll(".photo-turn, .photo-still")) this.#stage.prepend(fresh);
    adopt(page, url);
    this.#stage.querySelector("[data-said]").textContent = photo.alt;
  }

  /** Have the next photo ready, and the way back. */
  async #getReady() {
    if (navigator.connection?.saveData) return;
    const next = this.#link("next");
    if (!next) return;
    const page = await this.#page(next.href).catch(() => null);
    const stage = page?.getElementById("stage");
    if (stage?.dataset.view === "photo") await preload(stage.dataset).catch(() => {}); // it is told when it is shown
  }

  #click(event) {
    const turn = event.target.closest(".photo-turn");
    if (turn && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      this.#slides.stop();
      this.turn(turn.rel);
    }
    this.#do(event.target.closest("button")?.dataset.do);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
    const way = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
    const moved = event.key.startsWith("Arrow") && this.#zoom.pan(event.key);
    if (!moved && way) {
      this.#slides.stop();
      this.turn(way);
    }
    if (moved || way) event.preventDefault();
    if (event.key === "Escape") this.#leave();
    this.#do(KEYS[event.key]);
  }

  #do(action) {
    if (action === "whole") this.#toggleWhole();
    else if (action === "slides") this.#slides.toggle();
    else if (action) this.#zoom.do(action);
  }

  /** The screen where the browser gives it, else the window (iPhones). */
  async #toggleWhole() {
    if (this.#stage.classList.contains("is-whole")) return this.#leave();
    await this.#stage.requestFullscreen?.().catch(() => {});
    this.#whole(true);
  }

  #leave() {
    if (document.fullscreenElement) document.exitFullscreen();
    this.#whole(false);
  }

  #whole(is) {
    this.#stage.classList.toggle("is-whole", is);
    this.#stage.querySelector("[data-do=whole]").setAttribute("aria-pressed", is);
    this.#wake();
  }

  #wake() {
    clearTimeout(this.#idle);
    this.#stage.classList.remove("is-idle");
    this.#idle = setTimeout(() => this.#stage.classList.add("is-idle"), IDLE);
  }
}
