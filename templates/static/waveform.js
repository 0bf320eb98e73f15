/* A song's loudness as bars: what was heard, what is there, what is not yet; and which moment the pointer is at. */

import { clock } from "./times.js";

const BAR = 3; // px, with a gap of GAP
const GAP = 2;
const LEAST = 0.06; // of the height, so that silence is seen

export class Waveform {
  length; // seconds, until the player knows better
  #box;
  #canvas;
  #columns = []; // 0..1
  #shown = { at: 0, length: 0, buffered: null };

  constructor(box) {
    this.#box = box;
    this.#canvas = box.querySelector("canvas");
    this.length = Number(box.dataset.length);
    new ResizeObserver(() => this.#draw()).observe(box);
    box.addEventListener("pointermove", (event) => this.#point(event));
    box.addEventListener("pointerleave", () => (box.querySelector("[data-at]").hidden = true));
  }

  /** Read the loudness off its picture, white on nothing; without one the bars are all alike. */
  async load(url) {
    this.#columns = [];
    this.#draw();
    if (!url) return;
    const image = Object.assign(new Image(), { src: url });
    await image.decode().catch(() => {});
    if (image.naturalWidth) this.#columns = loudness(image);
    this.#draw();
  }

  show(at, length, buffered) {
    this.#shown = { at, length, buffered };
    this.#draw();
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#box;
    if (!width) return;
    const canvas = this.#canvas;
    const scale = devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    const style = getComputedStyle(this.#box);
    const colours = Object.fromEntries(["played", "there", "coming"].map((name) => [name, style.getPropertyValue(`--wave-${name}`)]));
    const bars = Math.floor(width / (BAR + GAP));
    for (let bar = 0; bar < bars; bar += 1) {
      const tall = Math.max(this.#peak(bar / bars, (bar + 1) / bars), LEAST) * height;
      pen.fillStyle = colours[this.#state((bar + 0.5) / bars)];
      pen.beginPath();
      pen.roundRect(bar * (BAR + GAP), (height - tall) / 2, BAR, tall, BAR / 2);
      pen.fill();
    }
  }

  /** The loudest between two parts (0..1) of the song. */
  #peak(from, to) {
    const columns = this.#columns;
    let peak = 0;
    for (let at = Math.floor(from * columns.length); at < to * columns.length; at += 1) peak = Math.max(peak, columns[at] ?? 0);
    return peak;
  }

  #state(part) {
    const { at, length, buffered } = this.#shown;
    const moment = part * length;
    if (moment < at) return "played";
    for (let range = 0; range < (buffered?.length ?? 0); range += 1) {
      if (buffered.start(range) <= moment && moment <= buffered.end(range)) return "there";
    }
    return "coming";
  }

  #point({ offsetX }) {
    const at = this.#box.querySelector("[data-at]");
    const part = Math.min(Math.max(offsetX / this.#box.clientWidth, 0), 1);
    at.hidden = false;
    at.textContent = clock(part * (this.#shown.length || this.length));
    at.style.left = `${part * 100}%`;
  }
}

/** How much of each column of the picture is drawn, the loudest as 1. */
function loudness(image) {
  const { naturalWidth: width, naturalHeight: height } = image;
  const pen = new OffscreenCanvas(width, height).getContext("2d");
  pen.drawImage(image, 0, 0);
  const { data } = pen.getImageData(0, 0, width, height);
  const columns = new Array(width).fill(0);
  for (let pixel = 3, at = 0; pixel < data.length; pixel += 4, at += 1) if (data[pixel] > 64) columns[at % width] += 1;
  const loudest = Math.max(...columns, 1);
  return columns.map((drawn) => drawn / loudest);
}
