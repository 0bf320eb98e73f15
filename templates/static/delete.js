/* "Delete" on the page of one media: into the trash, and back to where one came from, which offers to undo it. */

import { describe } from "./problems.js";
import { request } from "./session.js";
import { offerUndo } from "./undo.js";

/** Make the button work, where the page has it or gets it later. */
export function wire() {
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-trashes]");
    if (button) trash(button);
  });
}

async function trash(button) {
  button.disabled = true;
  try {
    await request(`/api/media/${button.dataset.trashes}`, { method: "DELETE" });
  } catch (problem) {
    const { title, text } = describe(problem);
    button.disabled = false;
    return (document.getElementById("delete-note").textContent = `${title}. ${text}`);
  }
  offerUndo([button.dataset.trashes], "Moved to the trash.");
  location.assign(origin());
}

function origin() {
  const from = document.referrer && new URL(document.referrer);
  return from && from.origin === location.origin && from.pathname === "/library" ? from.href : "/library";
}
