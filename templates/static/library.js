/* The library page: cards move while they are pointed at; the rest is in modules of its own. */

import { wireEndless } from "./library-endless.js";
import { wireLive } from "./library-live.js";
import { wireNarrowing } from "./library-narrowing.js";

const HOVER_DELAY = 400; // ms: passing over a card fetches nothing

const still = matchMedia("(prefers-reduced-motion: reduce)");
const page = document.getElementById("library-page");

for (const event of ["pointerover", "focusin"]) page.addEventListener(event, enter);
for (const event of ["pointerout", "focusout"]) page.addEventListener(event, leave);
wireEndless();
wireNarrowing();
wireLive();
showChosenKind();

/** On a phone it may lie beyond the edge. */
function showChosenKind() {
  const kinds = document.getElementById("kinds");
  const chosen = kinds.querySelector("[aria-current]");
  if (chosen) kinds.scrollLeft = chosen.offsetLeft - kinds.offsetLeft - (kinds.clientWidth - chosen.clientWidth) / 2;
}

function enter({ target, pointerType }) {
  const card = target.closest?.(".card");
  if (pointerType === "touch") return; // a tap opens the page, it does not point
  const src = card?.dataset.preview;
  if (!src || still.matches || card.querySelector(".card-preview")) return;
  const preview = Object.assign(new Image(), { className: "card-preview", alt: "" });
  preview.onload = () => preview.classList.add("is-loaded");
  card.querySelector(".card-picture").append(preview);
  setTimeout(() => preview.isConnected && (preview.src = src), HOVER_DELAY);
}

function leave({ target, relatedTarget }) {
  const card = target.closest?.(".card");
  if (!card || card.contains(relatedTarget)) return;
  card.querySelector(".card-preview")?.remove();
}
