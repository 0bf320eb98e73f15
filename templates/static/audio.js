/* START HERE for the song player: one song after the other, its controls, keys and waveform. */

import { clear, show } from "./problems.js";
import { Queue } from "./queue.js";
import { Sound } from "./sound.js";
import { clock } from "./times.js";
import { adopt, fetchPage } from "./turning.js";
import { Waveform } from "./waveform.js";

const KEPT = "sluice.sound"; // volume, speed and order, for the next song and the next visit
const REPEATS = { off: "all", all: "one", one: "off" };
const STEP = 5; // seconds of an arrow key
const RESTART_AFTER = 4; // seconds into a song, "previous" means its beginning
const PREPARE_BEFORE = 20; // seconds before its end the next song is fetched
const KEYS = { " ": "play", k: "play", n: "next", p: "previous", m: "mute", ArrowLeft: "back", ArrowRight: "on" };

/** Make the song of `stage` playable under the page's own controls. */
export function play(stage) {
  new Player(stage);
}

class Player {
  #stage;
  #sound; // what is heard
  #coming = null; // the next one, already fetched
  #queue;
  #wave;
  #slider;
  #kept = { volume: 1, muted: false, rate: 1, repeat: "off", shuffle: false };

  constructor(stage) {
    this.#stage = stage;
    this.#slider = stage.querySelector(".wave input");
    this.#wave = new Waveform(stage.querySelector(".wave"));
    Object.assign(this.#kept, JSON.parse(localStorage.getItem(KEPT) ?? "{}"));
    this.#take(new Sound(stage.dataset, stage, stage.querySelector("audio")));
    this.#queue = new Queue(document.getElementById("queue"), stage.dataset.media, (song) => this.#start(song));
    this.#queue.filled.then(() => this.#drawOrder());
    this.#listen();
    this.#drawSettings();
    this.#wave.load(stage.querySelector(".wave").dataset.wave);
    this.#handleSession();
  }

  // --- one song --------------------------------------------------------------------------------------------------------

  /** From now on this is what is heard. */
  #take(sound) {
    const before = this.#sound?.element;
    this.#sound?.close();
    this.#sound = sound;
    const { element } = sound;
    element.controls = false; // they were for a page without scripts
    if (before && before !== element) before.replaceWith(element);
    Object.assign(element, { volume: this.#kept.volume, muted: this.#kept.muted, playbackRate: this.#kept.rate });
    const mine = (act) => () => this.#sound === sound && act();
    for (const event of ["play", "pause", "ended"]) element.addEventListener(event, mine(() => this.#drawState()));
    for (const event of ["timeupdate", "progress", "durationchange", "seeked"]) element.addEventListener(event, mine(() => this.#drawTime()));
    element.addEventListener("ended", mine(() => this.#ended()));
    element.addEventListener("loadeddata", mine(() => clear(this.#stage)));
    sound.onProblem = (problem) => this.#sound === sound && show(this.#stage, problem, () => sound.open());
    sound.open();
  }

  /** Play another song of the queue, without leaving the page. */
  #start(song) {
    if (!song) return;
    const ready = this.#coming?.song === song ? this.#coming.sound : new Sound(Queue.dataOf(song), this.#stage);
    if (this.#coming && this.#coming.sound !== ready) this.#coming.sound.close();
    this.#coming = null;
    Object.assign(this.#stage.dataset, Queue.dataOf(song));
    this.#take(ready);
    ready.element.play().catch(() => this.#drawState()); // the browser wants a click first
    this.#queue.mark(song);
    this.#drawSong(song);
    this.#drawTime();
    const url = this.#queue.address(song);
    fetchPage(url).then((page) => this.#queue.current === song && adopt(page, url), () => {}); // the song plays all the same
  }

  #ended() {
    if (this.#kept.repeat === "one") return this.#sound.element.play();
    this.#start(this.#queue.after(this.#kept));
  }

  #prepare() {
    const song = this.#kept.repeat === "one" ? null : this.#queue.after(this.#kept);
    if (!song || this.#coming?.song === song) return;
    this.#coming?.sound.close();
    this.#coming = { song, sound: new Sound(Queue.dataOf(song), this.#stage) };
    this.#coming.sound.element.preload = "auto";
    this.#coming.sound.open();
  }

  get #length() {
    const { duration } = this.#sound.element;
    return Number.isFinite(duration) && duration > 0 ? duration : Number(this.#wave.length);
  }

  #seek(seconds) {
    this.#sound.element.currentTime = Math.min(Math.max(seconds, 0), Math.max(this.#length - 0.1, 0));
    this.#drawTime();
  }

  // --- what people do --------------------------------------------------------------------------------------------------

  #listen() {
    const stage = this.#stage;
    stage.addEventListener("click", (event) => this.#do(event.target.closest("button")?.dataset.do));
    this.#slider.addEventListener("input", () => this.#seek(Number(this.#slider.value)));
    stage.querySelector(".song-volume").addEventListener("input", (event) => this.#keep({ volume: Number(event.target.value), muted: false }));
    stage.querySelector(".song-speed").addEventListener("change", (event) => this.#keep({ rate: Number(event.target.value) }));
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    const action = KEYS[event.key];
    const elsewhere = event.target.closest("input:not(.wave input), select, textarea, dialog, summary");
    if (!action || elsewhere || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && event.target.closest("button, a")) return; // it presses them
    event.preventDefault();
    this.#do(action);
  }

  #do(action) {
    const { element } = this.#sound;
    const actions = {
      play: () => (element.paused ? element.play().catch(() => {}) : element.pause()),
      next: () => this.#start(this.#queue.after({ ...this.#kept, repeat: "all" })),
      previous: () => this.#back(),
      back: () => this.#seek(element.currentTime - STEP),
      on: () => this.#seek(element.currentTime + STEP),
      mute: () => this.#keep({ muted: !this.#kept.muted }),
      shuffle: () => this.#keep({ shuffle: !this.#kept.shuffle }),
      repeat: () => this.#keep({ repeat: REPEATS[this.#kept.repeat] }),
    };
    actions[action]?.();
  }

  #back() {
    const before = this.#queue.before(this.#kept);
    if (this.#sound.element.currentTime > RESTART_AFTER || !before) this.#seek(0);
    else this.#start(before);
  }

  #keep(changed) {
    Object.assign(this.#kept, changed);
    localStorage.setItem(KEPT, JSON.stringify(this.#kept));
    const { volume, muted, rate } = this.#kept;
    Object.assign(this.#sound.element, { volume, muted, playbackRate: rate });
    if ("shuffle" in changed) this.#queue.shuffle(this.#kept.shuffle);
    this.#drawSettings();
  }

  // --- what is seen ----------------------------------------------------------------------------------------------------

  #find(selector) {
    return this.#stage.querySelector(selector);
  }

  #drawState() {
    const { paused } = this.#sound.element;
    this.#stage.classList.toggle("is-playing", !paused);
    this.#find("[data-do=play]").setAttribute("aria-label", paused ? "Play" : "Pause");
    if (navigator.mediaSession) navigator.mediaSession.playbackState = paused ? "paused" : "playing";
  }

  #drawTime() {
    const { currentTime, buffered, paused, playbackRate } = this.#sound.element;
    const length = this.#length;
    this.#find("[data-elapsed]").textContent = clock(currentTime);
    this.#find(".song-times [data-length]").textContent = clock(length);
    this.#slider.max = length;
    this.#slider.value = currentTime;
    this.#slider.setAttribute("aria-valuetext", `${clock(currentTime)} of ${clock(length)}`);
    this.#wave.show(currentTime, length, buffered);
    if (length && currentTime <= length) navigator.mediaSession?.setPositionState({ duration: length, position: currentTime, playbackRate });
    if (!paused && length - currentTime < PREPARE_BEFORE) this.#prepare();
  }

  #drawSong(song) {
    const { title, by, cover } = Queue.facts(song);
    this.#find("[data-title]").textContent = title;
    this.#find("[data-by]").textContent = by;
    const sleeve = this.#find("[data-sleeve]");
    sleeve.querySelector("img")?.remove();
    if (cover) sleeve.append(Object.assign(new Image(), { src: cover, alt: "" }));
    this.#wave.length = song.metadata.duration ?? 0;
    this.#wave.load(song.waveform_url);
    this.#tellSession(song);
  }

  #drawSettings() {
    const { volume, muted, rate, repeat, shuffle } = this.#kept;
    this.#find(".song-volume").value = muted ? 0 : volume;
    this.#find(".song-speed").value = String(rate);
    this.#find("[data-do=mute]").setAttribute("aria-pressed", muted);
    this.#find("[data-do=shuffle]").setAttribute("aria-pressed", shuffle);
    const button = this.#find("[data-do=repeat]");
    button.dataset.repeat = repeat;
    button.setAttribute("aria-label", `Repeat: ${{ off: "off", all: "all songs", one: "this song" }[repeat]}`);
  }

  /** The buttons of a queue, where there is one. */
  #drawOrder() {
    for (const button of this.#stage.querySelectorAll("[data-queued]")) button.hidden = this.#queue.length < 2;
    this.#queue.shuffle(this.#kept.shuffle);
    if (this.#queue.current) this.#tellSession(this.#queue.current);
  }

  // --- lock screens and hardware keys ----------------------------------------------------------------------------------

  #handleSession() {
    const session = navigator.mediaSession;
    if (!session) return;
    const handlers = {
      play: () => this.#sound.element.play(), pause: () => this.#sound.element.pause(),
      previoustrack: () => this.#do("previous"), nexttrack: () => this.#do("next"),
      seekbackward: () => this.#do("back"), seekforward: () => this.#do("on"),
      seekto: ({ seekTime }) => this.#seek(seekTime),
    };
    for (const [action, handler] of Object.entries(handlers)) session.setActionHandler(action, handler);
  }

  #tellSession(song) {
    if (!navigator.mediaSession) return;
    const { title, artist, album, cover } = Queue.facts(song);
    const artwork = cover ? [{ src: new URL(cover, location.href).href, type: "image/webp" }] : [];
    navigator.mediaSession.metadata = new MediaMetadata({ title, artist, album, artwork });
  }
}
