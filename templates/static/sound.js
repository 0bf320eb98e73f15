/* One song as an audio element: its file, or encrypted HLS where no browser plays the file. */

import { Problem, request } from "./session.js";

const HLS_TYPE = "application/vnd.apple.mpegurl";

export class Sound {
  onProblem = () => {};
  #data;
  #hls = null;
  #scripts;

  /** `data`: stream and delivery of a song; `stage` says where the scripts are. */
  constructor(data, stage, element = new Audio()) {
    this.#data = { stream: data.stream, delivery: data.delivery };
    this.#scripts = stage.dataset;
    this.element = element;
    element.addEventListener("error", async () => element.src && this.onProblem(await this.#cause()));
  }

  async open() {
    const { stream, delivery } = this.#data;
    const { element } = this;
    if (delivery === "hls") return this.#openHls(stream);
    if (element.error) element.load(); // the page's own address had failed before this script came
    else if (element.getAttribute("src") !== stream) element.src = stream;
  }

  /** Be silent for ever. */
  close() {
    this.#hls?.destroy();
    this.element.pause();
    this.element.removeAttribute("src");
    this.element.load();
  }

  async #openHls(stream) {
    const { default: Hls } = await import(this.#scripts.hls);
    const { element } = this;
    if (!Hls.isSupported() && element.canPlayType(HLS_TYPE)) return (element.src = stream);
    this.#hls?.destroy();
    // Not before it is to be heard, and no key either: a look at the page is no stream.
    const soon = element.preload === "auto" || !element.paused;
    const hls = (this.#hls = new Hls({ enableWorker: true, workerPath: this.#scripts.hlsWorker, autoStartLoad: soon }));
    if (!soon) element.addEventListener("play", () => hls === this.#hls && hls.startLoad(), { once: true });
    hls.on(Hls.Events.ERROR, (_, { fatal }) => fatal && this.#cause().then(this.onProblem));
    hls.loadSource(stream);
    hls.attachMedia(element);
  }

  /** Why it does not load: the server's reason, or that the format is unknown here. */
  async #cause() {
    try {
      await request(this.#data.stream, { headers: { Range: "bytes=0-0" } });
      return new Problem(0, { code: "DECODE" });
    } catch (problem) {
      return problem;
    }
  }
}
