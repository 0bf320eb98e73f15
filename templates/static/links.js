/* Dialogs that show an address; "Open in a player" is one: a stream that needs no sign-in. */

import { describe } from "./problems.js";
import { json } from "./session.js";

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Make the buttons work that open a dialog of their page, those that come later too. */
export function wireDialogs() {
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-opens]");
    if (button) open(document.getElementById(button.dataset.opens));
  });
}

/** Write {url, expires} into a dialog. */
export function showLink(dialog, { url, expires }) {
  const result = dialog.querySelector("[data-result]");
  result.hidden = false;
  result.querySelector("input").value = new URL(url, location.href).href;
  note(dialog, expires ? `It works until ${TIME.format(new Date(expires))}.` : "");
}

/** Say why there is none. */
export function showProblem(dialog, problem) {
  const { title, text } = describe(problem);
  note(dialog, [title, text].map((part) => part.replace(/\.$/, "")).filter(Boolean).join(". ") + ".");
}

export function note(dialog, text) {
  dialog.querySelector("[data-note]").textContent = text;
}

async function open(dialog) {
  dialog.showModal();
  if (!dialog.dataset.portable) return; // another module fills it
  note(dialog, "Asking the server …");
  try {
    showLink(dialog, await json(dialog.dataset.portable));
  } catch (problem) {
    dialog.querySelector("[data-result]").hidden = true;
    showProblem(dialog, problem);
  }
}
