/* The library notices what is new or has got further: the server draws its beginning again, and what differs is put in.
   One request however many items are being prepared, and one place (partials/card.html) that knows what a card is. */

import { follow } from "./events.js";
import { isNarrowing } from "./library-narrowing.js";
import { fetchResults, replace, showResults } from "./library-results.js";

const AT_THE_TOP = 300; // px: further down, nothing may move under the reader's eyes

let looking = false;
let again = false;

export function wireLive() {
  follow(["media"], look);
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
  const part = await fetchResults(address);
  if (!part || address !== location.href || isNarrowing()) return;
  const shown = document.getElementById("library");
  const fresh = part.getElementById("library");
  const first = [...fresh.querySelectorAll(".card")];
  const known = [...shown.querySelectorAll(".card")].slice(0, first.length);
  const same = ids(first) === ids(known);
  const untouched = shown.querySelectorAll(".card").length <= first.length && scrollY < AT_THE_TOP;
  if (!same && untouched) return showResults(part);
  for (const card of first) {
    const old = document.getElementById(card.id);
    if (old && old.dataset.stamp !== card.dataset.stamp) replace(old, card);
  }
}

function ids(cards) {
  return Array.from(cards, (card) => card.id).join();
}
