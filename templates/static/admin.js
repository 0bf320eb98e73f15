/* The admin pages: what changes is drawn again by the server and taken over piece by piece; what cannot be undone is
   asked first. Without scripts the same forms work. */

import { follow } from "./events.js";
import "./forms.js";
import { showMoments } from "./moments.js";
import { morph } from "./morph.js";
import { request } from "./session.js";

const page = document.querySelector(".admin-page");
const dialog = document.getElementById("ask");
const BUSY_EVERY = 2000; // ms: something is done in the background, of whose end no event tells

// --- live --------------------------------------------------------------------------------------------------------------

let drawing = null;

/** Draw what lives on this page again; a wish that comes meanwhile is kept. */
function redraw() {
  drawing ??= drawn().finally(() => (drawing = null));
  return drawing;
}

async function drawn() {
  const answer = await request(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ["live", "live-too", "admin-nav"]) {
    const [old, drawn] = [document.getElementById(id), fresh.getElementById(id)];
    if (!old || !drawn) continue;
    showMoments(drawn);
    morph(old, drawn);
  }
}

if (page.dataset.follows) follow(page.dataset.follows.split(" "), redraw);
setInterval(() => !document.hidden && document.querySelector("#live[data-busy]") && redraw(), BUSY_EVERY);

// --- asked first -------------------------------------------------------------------------------------------------------

let asked = null;

document.addEventListener("submit", (event) => {
  const { askTitle, askText, askYes } = event.target.dataset;
  if (!askTitle || event.target === asked) return;
  event.preventDefault();
  asked = event.target;
  dialog.querySelector("h2").textContent = askTitle;
  document.getElementById("ask-text").textContent = askText;
  document.getElementById("ask-yes").textContent = askYes;
  dialog.returnValue = "no";
  dialog.showModal();
});

dialog.addEventListener("close", () => {
  const form = asked;
  if (dialog.returnValue === "yes") form.requestSubmit();
  asked = null;
});

// --- small things ------------------------------------------------------------------------------------------------------

// A choice that another field belongs to.
for (const select of document.querySelectorAll("[data-shows]")) {
  const input = document.getElementById(select.dataset.shows);
  const choose = () => (input.closest(".field").hidden = select.value !== input.dataset.shownFor);
  select.addEventListener("change", choose);
  choose();
}

// What has just been done is told once, not again after a reload.
if (new URLSearchParams(location.search).has("done")) {
  const address = new URL(location.href);
  address.searchParams.delete("done");
  history.replaceState(null, "", address);
}

// On a phone the tabs are wider than the page.
document.querySelector(".admin-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
