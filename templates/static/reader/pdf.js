/* The pages of a PDF, drawn by pdf.js as they come into view. Scripts, forms and links of a PDF are not run: there is
   no code here that could. */

import * as pdfjs from "../vendor/pdf/pdf.js";

const FILES = new URL("../vendor/pdf/", import.meta.url).href;
const WIDEST = 900; // px of a page that fits
const STEP = 1.25;
const SCALES = [0.5, 4];
const MOST_PIXELS = 16e6; // of one page's canvas
const WORKER_PATIENCE = 8000; // ms
const KEYS = { "+": "in", "=": "in", "-": "out", 0: "fit" };

/** Show the PDF; its bytes are asked for through `port`, as far as they are needed. */
export async function showPdf(main, port, length, first) {
  const bytes = new pdfjs.PDFDataRangeTransport(length, new Uint8Array(first));
  bytes.requestDataRange = (begin, end) => port.postMessage({ begin, end });
  port.onmessage = ({ data }) => bytes.onDataRange(data.begin, new Uint8Array(data.bytes));
  const pdf = await pdfjs.getDocument({
    range: bytes, length, disableStream: true, disableAutoFetch: true, isEvalSupported: false, enableXfa: false,
    cMapUrl: `${FILES}cmaps/`, standardFontDataUrl: `${FILES}standard_fonts/`, wasmUrl: `${FILES}wasm/`, useWorkerFetch: true, useSystemFonts: false,
    worker: await worker(),
  }).promise;
  await new Pages(main, pdf).open();
}

pdfjs.GlobalWorkerOptions.workerSrc = `${FILES}pdf.worker.js`;

/** A frame without an origin may start a worker from a blob alone, and no module; that one loads the real script.

    Where a browser has no such thing, pdf.js works in the frame itself. */
async function worker() {
  const script = new Blob([`import(${JSON.stringify(pdfjs.GlobalWorkerOptions.workerSrc)});`], { type: "text/javascript" });
  const port = new Worker(URL.createObjectURL(script));
  const ready = await new Promise((resolve) => {
    port.onmessage = () => resolve(true); // its first word says so
    port.onerror = () => resolve(false);
    setTimeout(resolve, WORKER_PATIENCE, false);
  });
  return ready ? new pdfjs.PDFWorker({ port }) : undefined;
}

class Pages {
  #main;
  #pdf;
  #list = document.createElement("div");
  #scale = 1; // of the width that fits
  #drawn = new Map(); // page element -> its render task

  constructor(main, pdf) {
    this.#main = main;
    this.#pdf = pdf;
    this.#list.className = "pages";
  }

  async open() {
    const first = await this.#pdf.getPage(1);
    const { width, height } = first.getViewport({ scale: 1 });
    for (let number = 1; number <= this.#pdf.numPages; number += 1) this.#list.append(blank(number, width, height));
    this.#main.replaceChildren(this.#list);
    this.#resize();
    this.#watch();
    this.#listen();
    await this.#draw(this.#list.firstChild);
  }

  #listen() {
    const tools = document.querySelector(".tools");
    tools.hidden = false;
    tools.querySelector("[data-pages]").textContent = this.#pdf.numPages;
    tools.addEventListener("click", ({ target }) => this.#zoom(target.closest("button")?.dataset.zoom));
    addEventListener("keydown", (event) => event.ctrlKey || event.metaKey || this.#zoom(KEYS[event.key]));
    this.#main.addEventListener("scroll", () => this.#tellPlace(), { passive: true });
    new ResizeObserver(() => this.#resize()).observe(this.#main);
  }

  /** Draw what comes near, and forget what is far: a long document is not held in memory. */
  #watch() {
    const near = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.#draw(target).catch(() => {});
        else this.#forget(target);
      }
    }, { root: this.#main, rootMargin: "100% 0%" });
    for (const page of this.#list.children) near.observe(page);
  }

  #zoom(action) {
    const wanted = { in: this.#scale * STEP, out: this.#scale / STEP, fit: 1 }[action];
    if (!wanted) return;
    this.#scale = Math.min(Math.max(wanted, SCALES[0]), SCALES[1]);
    this.#resize();
  }

  #resize() {
    const place = this.#main.scrollTop / (this.#main.scrollHeight || 1);
    const wide = Math.min(this.#main.clientWidth - 32, WIDEST) * this.#scale;
    for (const page of this.#list.children) size(page, wide);
    document.querySelector("[data-scale]").textContent = `${Math.round(this.#scale * 100)} %`;
    this.#main.scrollTop = place * this.#main.scrollHeight;
    for (const page of [...this.#drawn.keys()]) {
      this.#forget(page);
      this.#draw(page).catch(() => {});
    }
  }

  async #draw(element) {
    if (this.#drawn.has(element)) return;
    this.#drawn.set(element, null);
    const page = await this.#pdf.getPage(Number(element.dataset.number));
    const own = page.getViewport({ scale: 1 });
    Object.assign(element.dataset, { width: own.width, height: own.height });
    size(element, element.clientWidth);
    const scale = element.clientWidth / own.width;
    const canvas = document.createElement("canvas");
    const sharp = Math.min(devicePixelRatio || 1, Math.sqrt(MOST_PIXELS / (own.width * own.height * scale * scale)));
    const viewport = page.getViewport({ scale: scale * sharp });
    Object.assign(canvas, { width: Math.ceil(viewport.width), height: Math.ceil(viewport.height) });
    const task = page.render({ canvas, viewport });
    this.#drawn.set(element, task);
    if (!(await finished(task))) return; // another size is being drawn instead
    element.replaceChildren(canvas, await words(page, scale));
  }

  #forget(element) {
    this.#drawn.get(element)?.cancel();
    this.#drawn.delete(element);
    element.replaceChildren();
  }

  #tellPlace() {
    const middle = this.#main.scrollTop + this.#main.clientHeight / 2;
    const reached = [...this.#list.children].filter(({ offsetTop }) => offsetTop - this.#main.offsetTop <= middle);
    document.querySelector("[data-page]").textContent = reached.length || 1;
  }
}

/** Whether it was drawn to its end, and not cancelled. */
async function finished(task) {
  try {
    await task.promise;
    return true;
  } catch (error) {
    if (error instanceof pdfjs.RenderingCancelledException) return false;
    throw error;
  }
}

function blank(number, width, height) {
  const page = document.createElement("section");
  page.className = "page";
  page.setAttribute("aria-label", `Page ${number}`);
  Object.assign(page.dataset, { number, width, height });
  return page;
}

function size(page, wide) {
  page.style.width = `${wide}px`;
  page.style.height = `${(wide * page.dataset.height) / page.dataset.width}px`;
}

async function words(page, scale) {
  const container = document.createElement("div");
  container.className = "words";
  container.style.setProperty("--total-scale-factor", scale);
  const viewport = page.getViewport({ scale });
  await new pdfjs.TextLayer({ textContentSource: page.streamTextContent(), container, viewport }).render();
  return container;
}
