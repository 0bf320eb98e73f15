/* How an upload looks: one row each, drawn from <template id="upload-row">. */

import { size, timeLeft } from "./sizes.js";

const KINDS = { video: "video", audio: "audio", image: "image" };
const ACTIONS = { // which buttons a state has
  queued: ["pause", "cancel"],
  sending: ["pause", "cancel"],
  waiting: ["pause", "cancel"],
  paused: ["resume", "cancel"],
  absent: ["choose", "cancel"],
  failed: ["retry", "remove"],
  done: ["open"],
  checking: [],
  preparing: ["open"],
};

/** The list of rows; `act(name, transfer)` answers their buttons. */
export class Rows {
  #rows = new Map();

  constructor(list, act) {
    this.list = list;
    this.template = document.getElementById("upload-row");
    list.addEventListener("click", ({ target }) => {
      const name = target.closest("[data-act]")?.dataset.act;
      if (name && name !== "open") act(name, this.#of(target.closest("li")));
    });
  }

  draw(transfer) {
    const row = this.#rows.get(transfer) ?? this.#add(transfer);
    row.dataset.state = transfer.state;
    row.querySelector("[data-says]").textContent = says(transfer);
    row.querySelector("[data-why]").textContent = why(transfer);
    drawBar(row.querySelector("progress"), transfer);
    drawActions(row, transfer);
  }

  remove(transfer) {
    this.#rows.get(transfer)?.remove();
    this.#rows.delete(transfer);
  }

  #add(transfer) {
    const row = this.template.content.cloneNode(true).firstElementChild;
    row.querySelector("[data-folder]").textContent = transfer.folder ? `${transfer.folder}/` : "";
    row.querySelector("[data-name]").append(transfer.name);
    row.querySelector("[data-kind]").setAttribute("href", `${this.template.dataset.icons}#${kindOf(transfer)}`);
    for (const button of row.querySelectorAll("[data-act]")) button.setAttribute("aria-label", `${button.title} ${transfer.name}`);
    this.#rows.set(transfer, row);
    this.list.append(row);
    return row;
  }

  #of(row) {
    for (const [transfer, known] of this.#rows) if (known === row) return transfer;
  }
}

function says({ state, size: bytes, sent, speed, secondsLeft, progress, problem, media }) {
  const all = size(bytes);
  switch (state) {
    case "queued": return `${all} · waiting for its turn`;
    case "sending": return [`${size(sent)} of ${all}`, speed && `${size(speed)}/s`, secondsLeft && timeLeft(secondsLeft)].filter(Boolean).join(" · ");
    case "paused": return `Paused · ${size(sent)} of ${all}`;
    case "waiting": return `${problem.title} · ${size(sent)} of ${all}`;
    case "absent": return `${size(sent)} of ${all} are there already`;
    case "checking": return `${all} · being put together and checked${progress ? `, ${Math.round(progress)} %` : ""}`;
    case "preparing": return media.state === "pending" ? `${all} · waiting to be prepared` : `${all} · preparing, ${Math.round(progress)} %`;
    case "done": return `${all} · in your library`;
    default: return problem?.title ?? "";
  }
}

function why({ state, problem }) {
  if (state === "absent") return "Choose the same file again and it goes on from there.";
  if (state === "waiting") return "It goes on by itself.";
  return state === "failed" ? problem.text : "";
}

function drawBar(bar, { state, size, sent, progress, name }) {
  bar.hidden = ["done", "failed", "queued"].includes(state);
  bar.setAttribute("aria-label", `${name}: ${state === "preparing" ? "prepared" : "uploaded"}`);
  const made = ["checking", "preparing"].includes(state);
  if (state === "checking" && !progress) return bar.removeAttribute("value");
  bar.max = made ? 100 : size || 1;
  bar.value = made ? progress : sent;
}

/** (!) A button that had the focus and goes hands it to the one that comes. */
function drawActions(row, { state, media }) {
  const shown = ACTIONS[state] ?? [];
  const focused = row.contains(document.activeElement) ? document.activeElement : null;
  for (const button of row.querySelectorAll("[data-act]")) button.hidden = !shown.includes(button.dataset.act);
  if (media) row.querySelector("[data-act=open]").href = `/watch/${media.id}`;
  if (focused?.hidden) row.querySelector("[data-act]:not([hidden])")?.focus();
}

function kindOf({ file, name }) {
  const kind = KINDS[file?.type.split("/")[0]];
  return kind ?? (/\.(mp4|mkv|mov|webm|avi)$/i.test(name) ? "video" : "document");
}
