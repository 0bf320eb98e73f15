/* The songs around the one that plays: of the same view of the library, album or folder; as a list that can be used. */

import { json } from "./session.js";
import { clock } from "./times.js";

const EACH_WAY = 100;

export class Queue {
  #section;
  #songs = [];
  #order = []; // of playing: positions in #songs
  #choose;
  current = null;

  /** `section`: where the list is shown, if the page has one. `choose(song)` hears of a song that was clicked. */
  constructor(section, media, choose) {
    this.#section = section;
    this.#choose = choose;
    this.filled = section ? this.#fill(media) : Promise.resolve();
  }

  get length() {
    return this.#songs.length;
  }

  /** The song that follows, if any. */
  after({ repeat }) {
    const place = this.#order.indexOf(this.#songs.indexOf(this.current));
    const next = this.#order[place + 1] ?? (repeat === "all" ? this.#order[0] : undefined);
    return place < 0 || next === undefined ? null : this.#songs[next];
  }

  before({ repeat }) {
    const place = this.#order.indexOf(this.#songs.indexOf(this.current));
    const previous = this.#order[place - 1] ?? (repeat === "all" ? this.#order.at(-1) : undefined);
    return place < 0 || previous === undefined ? null : this.#songs[previous];
  }

  /** Put them into the order of the list, or into none if `on`: from the one that plays. */
  shuffle(on) {
    this.#order = this.#songs.map((_, place) => place);
    if (!on) return;
    const playing = this.#songs.indexOf(this.current);
    const weights = this.#songs.map((_, place) => (place === playing ? -1 : Math.random()));
    this.#order.sort((one, other) => weights[one] - weights[other]);
  }

  mark(song) {
    this.current = song;
    for (const link of this.#section.querySelectorAll("a")) {
      const is = link.dataset.media === song.id;
      if (is) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    this.#reveal(this.#section.querySelector("[aria-current]"));
  }

  /** Within the list alone: the page stays where it is. */
  #reveal(link) {
    const list = this.#section.querySelector("ol");
    if (!link) return;
    const { top, bottom } = list.getBoundingClientRect(), row = link.getBoundingClientRect();
    if (row.top < top) list.scrollTop -= top - row.top;
    else if (row.bottom > bottom) list.scrollTop += row.bottom - bottom;
  }

  /** The page of a song, in the same view. */
  address(song) {
    const view = this.#section.dataset.view;
    return `/watch/${song.id}${view ? `?in=${encodeURIComponent(view)}` : ""}`;
  }

  static dataOf(song) {
    return { media: song.id, stream: song.stream_url, delivery: song.delivery, state: song.state };
  }

  static facts({ name, details, still_url: still, thumbnail_url: thumbnail }) {
    const { title = name, artist = "", album = "" } = details.tags ?? {};
    return { title, artist, album, by: [artist, album].filter(Boolean).join(" · "), cover: still ?? thumbnail };
  }

  async #fill(media) {
    const query = new URLSearchParams(this.#section.dataset.view);
    if ([...query.keys()].length) query.set("type", "audio");
    query.set("limit", EACH_WAY);
    try {
      const [here, { previous, next }] = await Promise.all([json(`/api/media/${media}`), json(`/api/media/${media}/neighbours?${query}`)]);
      this.#songs = [...previous.reverse(), here, ...next];
      this.shuffle(false);
      this.#draw();
      this.mark(here);
    } catch {
      this.#section.hidden = true; // one song plays without its neighbours
    }
  }

  #draw() {
    this.#section.hidden = this.length < 2;
    this.#section.querySelector("[data-count]").textContent = `${this.length} songs`;
    this.#section.querySelector("ol").replaceChildren(...this.#songs.map((song) => this.#row(song)));
    this.#section.addEventListener("click", (event) => {
      const link = event.target.closest("a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#choose(this.#songs.find(({ id }) => id === link.dataset.media));
    });
  }

  #row(song) {
    const { title, artist } = Queue.facts(song);
    const link = Object.assign(document.createElement("a"), { href: this.address(song) });
    link.dataset.media = song.id;
    const parts = { "queue-title": title, "queue-by": artist, "queue-length": clock(song.metadata.duration) };
    for (const [className, textContent] of Object.entries(parts)) {
      link.append(Object.assign(document.createElement("span"), { className, textContent }));
    }
    const row = document.createElement("li");
    row.append(link);
    return row;
  }
}
