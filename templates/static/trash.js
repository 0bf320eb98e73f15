/* The trash: bring back, delete for good, empty. */

import { note, showProblem } from "./links.js";
import { showMoments } from "./moments.js";
import { describe } from "./problems.js";
import { request } from "./session.js";

const page = document.getElementById("trash-page");
const said = document.getElementById("trash-said");
const removing = document.getElementById("trash-remove");

page.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (button?.dataset.restore) restore(button);
  if (button?.dataset.remove) askToRemove(button.dataset);
  if (button && "empty" in button.dataset) askToEmpty();
});
removing.querySelector("form").addEventListener("submit", remove);
emptying().querySelector("form").addEventListener("submit", empty);

function emptying() {
  return document.getElementById("trash-empty");
}

async function restore(button) {
  button.disabled = true;
  try {
    await request(`/api/media/${button.dataset.restore}/restore`, { method: "POST" });
    await redraw(button.dataset.restore);
    said.textContent = `${button.dataset.name} is back in the library.`;
  } catch (problem) {
    const { title, text } = describe(problem);
    said.textContent = `${title}. ${text}`;
    button.disabled = false;
  }
}

function askToRemove({ remove: id, name }) {
  removing.dataset.media = id;
  removing.querySelector("[data-name]").textContent = name;
  note(removing, "");
  removing.showModal();
}

async function remove(event) {
  if (event.submitter?.value !== "remove") return;
  event.preventDefault();
  await finish(removing, `/api/trash/${removing.dataset.media}`, removing.dataset.media, "It is deleted for good.");
}

function askToEmpty() {
  note(emptying(), "");
  emptying().showModal();
}

/** What came in since this page was made was not seen, and stays. */
async function empty(event) {
  if (event.submitter?.value !== "empty") return;
  event.preventDefault();
  await finish(emptying(), `/api/trash?before=${encodeURIComponent(page.dataset.opened)}`, null, "The trash is empty.");
}

async function finish(dialog, address, gone, sentence) {
  try {
    await request(address, { method: "DELETE" });
    dialog.close();
    await redraw(gone);
    said.textContent = sentence;
  } catch (problem) {
    showProblem(dialog, problem);
  }
}

/** The server draws the list again: one place (trash.html) knows what it looks like. Whoever stood on the row that has
    gone stands on the next one. */
async function redraw(gone) {
  const rows = [...page.querySelectorAll(".trashed")];
  const next = rows[rows.findIndex(({ id }) => id === `trashed-${gone}`) + 1]?.id;
  const answer = await request(location.href);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.getElementById("trash").replaceWith(fresh.getElementById("trash"));
  emptying().querySelector("p").replaceWith(fresh.querySelector("#trash-empty p"));
  page.dataset.opened = fresh.getElementById("trash-page").dataset.opened;
  showMoments(document.getElementById("trash"));
  (document.getElementById(next)?.querySelector("button") ?? document.getElementById("trash-title")).focus();
}
