/* The photo viewer: fetches an encrypted WebP, decrypts it here, and shows it to fit or magnified. */

import { clear, show } from "./problems.js";
import { Problem, request } from "./session.js";

const IV_BYTES = 16;
const STEP = 1.5;
const MAX_SCALE = 8;

/** Load the photo of `stage` and make its buttons work. */
export async function open(stage) {
  const photo = stage.querySelector("img.photo");
  try {
    await load(photo, await source(stage));
    clear(stage);
    stage.querySelector(".photo-still")?.remove();
    new Viewer(stage, photo);
  } catch (problem) {
    show(stage, problem, () => open(stage));
  }
}

async function source({ dataset }) {
  if (dataset.delivery !== "image") return dataset.stream;
  return URL.createObjectURL(await decrypted(dataset.stream));
}

async function load(photo, url) {
  photo.src = url;
  await photo.decode().catch(() => {
    throw new Problem(0, { code: "DECODE" });
  });
  photo.hidden = false;
}

/** Return the picture behind `url` as a Blob. On the wire it is IV || AES-128-CBC; the key comes from its own URL. */
async function decrypted(url) {
  const response = await request(url);
  const keyUrl = response.headers.get("X-Sluice-Key-Url");
  const [body, key] = await Promise.all([response.arrayBuffer(), importKey(keyUrl)]);
  const iv = body.slice(0, IV_BYTES);
  const plain = await crypto.subtle.decrypt({ name: "AES-CBC", iv }, key, body.slice(IV_BYTES)).catch(() => {
    throw new Problem(0, { code: "MEDIA_003" });
  });
  return new Blob([plain], { type: "image/webp" });
}

async function importKey(url) {
  const raw = await (await request(url)).arrayBuffer();
  return crypto.subtle.importKey("raw", raw, "AES-CBC", false, ["decrypt"]);
}

/** Fit or magnify; the frame scrolls, so arrow keys, touch and the wheel move about. */
class Viewer {
  #stage;
  #frame;
  #photo;
  #scale = null; // null: as large as fits

  constructor(stage, photo) {
    this.#stage = stage;
    this.#frame = stage.querySelector(".photo-frame");
    this.#photo = photo;
    const tools = stage.querySelector(".photo-tools");
    tools.hidden = false;
    tools.addEventListener("click", (event) => this.#do(event.target.closest("button")?.dataset.zoom));
    photo.addEventListener("dblclick", () => this.#do(this.#scale ? "fit" : "full"));
    document.addEventListener("keydown", (event) => this.#key(event));
    this.#dragToMove();
    this.#draw();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.target.matches("input, select")) return;
    this.#do({ "+": "in", "=": "in", "-": "out", 0: "fit", 1: "full" }[event.key]);
  }

  #do(action) {
    const now = this.#photo.clientWidth / this.#photo.naturalWidth;
    const next = { in: now * STEP, out: now / STEP, full: 1, fit: null }[action];
    if (next === undefined) return;
    const fits = next !== null && next <= this.#fitting();
    this.#scale = fits || next === null ? null : Math.min(next, MAX_SCALE);
    this.#draw();
  }

  /** The scale at which the whole photo is seen (never above its own size). */
  #fitting() {
    const { clientWidth, clientHeight } = this.#frame;
    return Math.min(clientWidth / this.#photo.naturalWidth, clientHeight / this.#photo.naturalHeight, 1);
  }

  #draw() {
    const { scrollLeft, scrollTop, clientWidth, clientHeight, scrollWidth, scrollHeight } = this.#frame;
    const centre = [(scrollLeft + clientWidth / 2) / scrollWidth, (scrollTop + clientHeight / 2) / scrollHeight];
    this.#frame.classList.toggle("is-magnified", this.#scale !== null);
    this.#photo.style.width = this.#scale ? `${this.#photo.naturalWidth * this.#scale}px` : "";
    this.#frame.scrollLeft = centre[0] * this.#frame.scrollWidth - clientWidth / 2;
    this.#frame.scrollTop = centre[1] * this.#frame.scrollHeight - clientHeight / 2;
    const percent = Math.round((this.#photo.clientWidth / this.#photo.naturalWidth) * 100);
    this.#stage.querySelector("[data-scale]").textContent = `${percent} %`;
  }

  #dragToMove() {
    this.#frame.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse" && event.buttons === 1) {
        this.#frame.scrollBy({ left: -event.movementX, top: -event.movementY, behavior: "instant" });
      }
    });
  }
}
