/* Endless paging: what comes next is fetched before one gets there, rows far above and below wait outside of the page, and
   whoever comes back by the browser's button is where they were. */

import { fetchResults } from "./library-results.js";
import { forget, restoreEnd, trim } from "./library-window.js";

const AHEAD = "600px";
const AT_ONCE = 200; // items of a request that only has to catch up
const FURTHEST = 2000; // items that are fetched again for somebody who comes back

const nearTheEnd = new IntersectionObserver(reached, { rootMargin: AHEAD });

let loading = null; // the promise of what is being fetched
let count = 0; // items that have been shown

export function wireEndless() {
  begin();
  document.addEventListener("library-replaced", begin);
  document.addEventListener("click", (event) => {
    const more = event.target.closest("[data-more]");
    if (!more) return;
    event.preventDefault();
    load(more);
  });
  addEventListener("pagehide", remember);
  addEventListener("scroll", tidy, { passive: true });
  comeBack();
}

function begin() {
  count = document.querySelectorAll("#library .card").length;
  forget();
  watch();
}

function watch() {
  nearTheEnd.disconnect();
  const more = document.querySelector("[data-more]");
  if (more) nearTheEnd.observe(more);
}

function reached(entries) {
  if (entries.some(({ isIntersecting }) => isIntersecting)) load(document.querySelector("[data-more]"));
}

/** Fetch what comes next, one thing at a time. */
function load(more, limit) {
  if (!loading && more) loading = fetchNext(more, limit).finally(() => (loading = null));
  return loading;
}

async function fetchNext(more, limit) {
  more.setAttribute("aria-busy", "true");
  const url = new URL(more.href);
  if (limit) url.searchParams.set("limit", limit);
  const part = await fetchResults(url).catch(() => null);
  more.removeAttribute("aria-busy");
  if (part && more.isConnected) append(part, more);
}

function append(part, more) {
  const shelf = shelfShown();
  const fresh = part.querySelector("[data-shelf]");
  if (fresh) {
    const heading = fresh.querySelector(".grid-period");
    if (heading && heading.dataset.period === lastPeriod(shelf)) heading.remove();
    count += fresh.querySelectorAll(".card").length;
    restoreEnd(shelf);
    shelf.append(...fresh.children);
  }
  const next = part.querySelector("[data-more]");
  if (next) more.replaceWith(next);
  else more.closest(".more").remove();
  tidy();
  watch();
}

function lastPeriod(shelf) {
  return [...shelf.querySelectorAll(".grid-period")].at(-1)?.dataset.period;
}

// --- rows far away -----------------------------------------------------------------------------------------------------

const CALM = 100; // ms between looks while somebody scrolls

let tidying = false;

function tidy() {
  if (tidying) return;
  tidying = true;
  setTimeout(() => {
    tidying = false;
    if (shelfShown()) trim(shelfShown());
  }, CALM);
}

function shelfShown() {
  return document.querySelector("#library [data-shelf]");
}

// --- coming back -------------------------------------------------------------------------------------------------------

function remember() {
  history.replaceState({ ...history.state, shelf: { count, top: scrollY } }, "");
}

async function comeBack() {
  const was = history.state?.shelf;
  if (!was || was.count <= count) return;
  history.scrollRestoration = "manual";
  while (count < Math.min(was.count, FURTHEST) && document.querySelector("[data-more]")) {
    const before = count;
    await load(document.querySelector("[data-more]"), Math.min(was.count - count, AT_ONCE));
    if (count === before) break;
  }
  scrollTo(0, was.top);
  history.scrollRestoration = "auto";
}
