/* The library notices what is new or has got further: the server draws its beginning again, and what differs is put in.
   One request however many items are being prepared, and one place (partials/card.html) that knows what a card is. */

import { follow } from "./events.js";
import { isNarrowing } from "./library-narrowing.js";
import { fetchResults, replace, showResults } from "./library-results.js";

const AT_THE_TOP = 300; // px: further down, nothing may move under the reader's eyes

const LARGEST = 200; // items of one answer

let looking = false;
let again = false;
let byHand = false; // somebody changed something here, and waits to see it

export function wireLive() {
  follow(["media"], look);
  document.addEventListener("library-changed", () => {
    byHand = true;
    look();
  });
}

/** One look at a time; what happened meanwhile is looked at afterwards. */
async function look() {
  again = looking;
  if (looking || document.hidden || isNarrowing()) return;
  looking = true;
  await refresh().catch(() => {}); // no answer now: the next look may get one
  looking = false;
  if (again) look();
}

async function refresh() {
  const address = location.href;
  const shown = document.getElementById("library");
  const count = shown.querySelectorAll(".card").length;
  const changed = byHand;
  byHand = false;
  const url = new URL(address);
  if (changed && count) url.searchParams.set("limit", Math.min(Math.max(count, 40), LARGEST));
  const part = await fetchResults(url, { headers: { "If-None-Match": `"${shown.dataset.stamp}"` } });
  if (!part || address !== location.href || isNarrowing()) return;
  const first = [...part.querySelectorAll("#library .card")];
  const known = [...shown.querySelectorAll(".card")].slice(0, part.querySelector("[data-more]") ? first.length : undefined);
  const untouched = count <= first.length && scrollY < AT_THE_TOP;
  const same = ids(first) === ids(known);
  if (!same && (untouched || changed)) return showResults(part);
  for (const card of first) {
    const old = document.getElementById(card.id);
    if (old && old.dataset.stamp !== card.dataset.stamp) replace(old, card);
  }
  if (same) shown.dataset.stamp = part.getElementById("library").dataset.stamp;
}

function ids(cards) {
  return Array.from(cards, (card) => card.id).join();
}
