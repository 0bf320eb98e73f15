/* The library page: cards move while they are pointed at, and the page notices what is new or has got further. */

import { request } from "./session.js";

const BUSY = 3000; // ms between looks while something is being prepared
const IDLE = 15000;
const HOVER_DELAY = 150;

const still = matchMedia("(prefers-reduced-motion: reduce)");
const page = document.getElementById("library-page");

for (const event of ["pointerover", "focusin"]) page.addEventListener(event, enter);
for (const event of ["pointerout", "focusout"]) page.addEventListener(event, leave);
document.addEventListener("library-changed", () => refresh().catch(() => {})); // by our own hand: seen at once
schedule();

// --- moving previews ---------------------------------------------------------------------------------------------------

function cardOf(target) {
  return target.closest?.(".card");
}

function enter({ target, pointerType }) {
  const card = cardOf(target);
  if (pointerType === "touch") return; // a tap opens the page, it does not point
  const src = card?.dataset.preview;
  if (!src || still.matches || card.querySelector(".card-preview")) return;
  const preview = Object.assign(new Image(), { className: "card-preview", alt: "" });
  preview.onload = () => preview.classList.add("is-loaded");
  card.querySelector(".card-picture").append(preview);
  setTimeout(() => preview.isConnected && (preview.src = src), HOVER_DELAY); // passing over a card fetches nothing
}

function leave({ target, relatedTarget }) {
  const card = cardOf(target);
  if (!card || card.contains(relatedTarget)) return;
  card.querySelector(".card-preview")?.remove();
}

// --- what is new -------------------------------------------------------------------------------------------------------
// The server draws the page again and what differs is put in: one request however many items are being prepared, and
// one place (partials/card.html) that knows what a card looks like.

function schedule() {
  const busy = page.querySelector('[data-state="pending"], [data-state="processing"], [data-state="playable"]');
  setTimeout(look, busy ? BUSY : IDLE);
}

async function look() {
  if (!document.hidden) await refresh().catch(() => {}); // no answer now: the next look may get one
  schedule();
}

async function refresh() {
  const response = await request(location.href);
  if (response.redirected) return; // signed out: the session module says so
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("library");
  const shown = document.getElementById("library");
  if (ids(fresh) === ids(shown)) updateCards(shown, fresh);
  else replace(shown, fresh);
}

function ids(library) {
  return Array.from(library.querySelectorAll(".card"), (card) => card.id).join();
}

function updateCards(shown, fresh) {
  for (const card of fresh.querySelectorAll(".card")) {
    const old = shown.querySelector(`#${CSS.escape(card.id)}`);
    if (old.dataset.stamp !== card.dataset.stamp) replace(old, card);
  }
}

/** Put `fresh` in the place of `old`; whoever stood on a card with the keyboard stays on it. */
function replace(old, fresh) {
  const focused = old.contains(document.activeElement) && cardOf(document.activeElement)?.id;
  old.replaceWith(fresh);
  if (focused) document.getElementById(focused)?.querySelector("a").focus({ preventScroll: true });
}
