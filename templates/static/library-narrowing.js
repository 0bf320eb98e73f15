/* Searching while one types, and filters that act when they are chosen. The address always says what is shown, so that it
   can be kept, sent and come back to; without this script the same forms ask for the page. */

import { fetchResults, showResults } from "./library-results.js";

const PAUSE = 220; // ms after the last key

const search = document.getElementById("search");
const filters = document.querySelector("#filters form");
const says = document.getElementById("library-says");

let timer;
let asking = null; // of the request under way

export function isNarrowing() {
  return asking !== null;
}

export function wireNarrowing() {
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, PAUSE);
  });
  search.form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    find();
  });
  filters.addEventListener("change", narrow);
  filters.addEventListener("submit", (event) => {
    event.preventDefault();
    narrow();
  });
}

/** What the search field says, within what is shown; a search begins with the best match. */
function find() {
  const url = new URL(location.href);
  const query = search.value.trim();
  if (query === (url.searchParams.get("query") ?? "")) return;
  for (const name of ["sort", "order", "browse"]) url.searchParams.delete(name);
  set(url, "query", query);
  show(url);
}

function narrow() {
  const url = new URL(location.href);
  url.searchParams.delete("browse");
  for (const field of filters.querySelectorAll("input:not([type=hidden]), select")) set(url, field.name, field.value.trim());
  show(url);
}

function set(url, name, value) {
  if (value) url.searchParams.set(name, value);
  else url.searchParams.delete(name);
}

async function show(url) {
  for (const name of ["page", "cursor"]) url.searchParams.delete(name);
  asking?.abort();
  const mine = (asking = new AbortController());
  document.getElementById("library").setAttribute("aria-busy", "true");
  try {
    const part = await fetchResults(url, { signal: mine.signal });
    if (!part) return;
    history.replaceState(null, "", url);
    showResults(part);
    settled(url.searchParams.get("query"));
    const begun = document.getElementById("continue"); // what one has begun is the start's, not a search's
    if (begun) begun.hidden = document.querySelector(".active-filters") !== null;
    tell();
  } catch (problem) {
    if (problem.name !== "AbortError") location.assign(url); // the page itself says what is wrong
  } finally {
    if (asking === mine) asking = null;
  }
}

let settling;

/* Insight counts a search once its typing has come to rest. */
function settled(query) {
  clearTimeout(settling);
  if (!query) return;
  settling = setTimeout(() => {
    fetch(`/api/media/library?limit=1&finished=true&query=${encodeURIComponent(query)}`).catch(() => {});
  }, 2500);
}

function tell() {
  const { total, capped } = document.getElementById("library").dataset;
  const number = `${Number(total).toLocaleString()}${capped === "true" ? "+" : ""}`;
  says.textContent = total === "0" ? "No results" : total === "1" ? "1 result" : `${number} results`;
  filters.querySelector("[data-clear]").hidden = !document.querySelector(".active-filters");
}
