/* The two dialogs that hand out an address: "Open in player" (a portable stream) and "Share a link" (a signed one). */

import { wireCopies } from "./copying.js";
import { describe } from "./problems.js";
import { json } from "./session.js";

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Make the page's link dialogs work. */
export function wire() {
  for (const button of document.querySelectorAll("[data-opens]")) {
    const dialog = document.getElementById(button.dataset.opens);
    button.addEventListener("click", () => open(dialog));
  }
  wireCopies();
  document.getElementById("share-link")?.addEventListener("submit", mint);
}

function open(dialog) {
  dialog.showModal();
  if (dialog.dataset.portable) fill(dialog, () => json(dialog.dataset.portable));
}

/** The form of the signed link: stays open and shows what it made. */
function mint(event) {
  if (event.submitter?.value === "close") return;
  event.preventDefault();
  const form = new FormData(event.target);
  const body = { media_id: form.get("media_id"), kind: form.get("kind"), ttl: Number(form.get("ttl")) };
  fill(event.target, () => json("/api/links", body));
}

/** Show the {url, expires} that `ask` resolves to, or why there is none. */
async function fill(dialog, ask) {
  const result = dialog.querySelector("[data-result]");
  const note = dialog.querySelector("[data-note]");
  note.textContent = "Asking the server …";
  try {
    const { url, expires } = await ask();
    result.hidden = false;
    result.querySelector("input").value = new URL(url, location.href).href;
    note.textContent = `It works until ${TIME.format(new Date(expires))}.`;
  } catch (problem) {
    const { title, text } = describe(problem);
    result.hidden = true;
    note.textContent = `${title}. ${text}`;
  }
}
