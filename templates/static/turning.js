/* Going on to the next photo or song without leaving the page: the server draws the next page, and what differs is put
   into this one. Whoever listens to something below the stage listens at `document`, because it is replaced. */

import { showMoments } from "./moments.js";
import { request } from "./session.js";

const REPLACED = [".watch-about", ".watch-beside", "#edit-dialog", "#open-in-player"];

/** Return the page at `url`, a watch page, as a document that is shown nowhere yet. */
export async function fetchPage(url) {
  const response = await request(url);
  if (response.redirected) location.href = url; // signed out: the sign-in page leads back to it
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/** Show `page` around the stage: its facts, buttons, dialogs, title and address. */
export function adopt(page, url) {
  for (const selector of REPLACED) {
    const [old, fresh] = [document.querySelector(selector), page.querySelector(selector)];
    if (fresh && old) old.replaceWith(fresh);
    else if (fresh) document.querySelector("main").append(fresh);
  }
  showMoments();
  document.title = page.title;
  history.replaceState(history.state, "", url);
}
