/* What the library shows is asked of the server as a part of its page, and put in place of what is there. */

import { showMoments } from "./moments.js";
import { request } from "./session.js";

/** The part of the page at `address` that has the results; null where they are as `init` knows them (If-None-Match), or
    the session has ended. */
export async function fetchResults(address, init = {}) {
  const url = new URL(address, location.href);
  url.searchParams.set("part", "results");
  const response = await request(url, init);
  if (response.redirected || response.status === 304) return null; // signed out: the session module says so
  const part = new DOMParser().parseFromString(await response.text(), "text/html");
  showMoments(part);
  return part;
}

/** Put results in the place of those shown. */
export function showResults(part) {
  for (const id of ["kinds", "library"]) replace(document.getElementById(id), part.getElementById(id));
  document.dispatchEvent(new Event("library-replaced"));
}

/** Put `fresh` in the place of `old`; whoever stood on a card with the keyboard stays on it. */
export function replace(old, fresh) {
  const focused = old.contains(document.activeElement) && document.activeElement.closest(".card")?.id;
  old.replaceWith(fresh);
  if (focused) document.getElementById(focused)?.querySelector("a").focus({ preventScroll: true });
}
