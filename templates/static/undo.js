/* "Moved to the trash · Undo": for ten seconds, also on the page that comes next. The trash itself knows no such hurry. */

import { describe } from "./problems.js";
import { batch } from "./selection-batch.js";

const STORED = "sluice.undo"; // {ids, text, until}
const SHOWN = 10 * 1000; // ms
const SAID = 4 * 1000;

const place = document.getElementById("undo");
let timer;

/** Offer to bring these back: here where the page has a place for it, else on the next page that has. */
export function offerUndo(ids, text) {
  sessionStorage.setItem(STORED, JSON.stringify({ ids, text, until: Date.now() + SHOWN }));
  if (place) showUndo();
}

/** Show what was offered, if there is time left. */
export function showUndo() {
  const { ids, text, until } = read();
  if (!place || !(until > Date.now())) return;
  const toast = document.getElementById("undo-toast").content.cloneNode(true).firstElementChild;
  toast.querySelector("[data-text]").textContent = text;
  toast.querySelector("[data-undo]").addEventListener("click", () => undo(ids));
  toast.querySelector("[data-close]").addEventListener("click", close);
  toast.addEventListener("pointerenter", () => clearTimeout(timer));
  for (const sign of ["pointerleave", "keydown"]) toast.addEventListener(sign, () => closeIn(SHOWN));
  place.replaceChildren(toast);
  toast.querySelector("[data-undo]").focus({ preventScroll: true });
  closeIn(until - Date.now());
}

async function undo(ids) {
  clearTimeout(timer);
  try {
    const { done, refused } = await batch(ids, { action: "restore" });
    say(refused.length ? `${done.length} came back. ${refused[0].reason}` : done.length === 1 ? "It is back." : `All ${done.length} are back.`);
  } catch (problem) {
    const { title, text } = describe(problem);
    return say(`${title}. ${text}`, SHOWN);
  }
  document.dispatchEvent(new Event("library-changed"));
}

function say(text, shown = SAID) {
  sessionStorage.removeItem(STORED);
  const toast = place.querySelector(".toast");
  for (const button of toast.querySelectorAll("button")) button.remove();
  toast.querySelector("[data-text]").textContent = text;
  document.getElementById("main").focus({ preventScroll: true });
  closeIn(shown);
}

function closeIn(ms) {
  clearTimeout(timer);
  timer = setTimeout(close, ms);
}

function close() {
  clearTimeout(timer);
  sessionStorage.removeItem(STORED);
  if (place.contains(document.activeElement)) document.getElementById("main").focus({ preventScroll: true });
  place.replaceChildren();
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(STORED)) ?? {};
  } catch {
    return {};
  }
}
