/* What the selection bar does to all that is selected: tags, who may see it, into the trash. */

import { note, showProblem } from "./links.js";
import { describe } from "./problems.js";
import { batch, leftOut } from "./selection-batch.js";
import { chosen } from "./selection-memory.js";
import { offerUndo } from "./undo.js";

const tagging = document.getElementById("batch-tags");
const showing = document.getElementById("batch-visibility");

/** Make the dialogs work; `tell` says in the bar what has come of it. */
export function wireActions(tell) {
  wire(tagging, "save", (form) => ({ action: "tag", add: words(form, "add"), remove: words(form, "remove") }), tell);
  wire(showing, "save", (form) => ({ action: "visibility", visibility: form.get("visibility") }), tell);
}

export function askForTags() {
  ask(tagging);
}

export function askForVisibility() {
  ask(showing);
}

/** Into the trash; `tell` says it where nothing went. Returns whether something did. */
export async function trash(tell) {
  try {
    const { done, refused } = await batch(chosen.ids(), { action: "trash" });
    if (!done.length) return tell(leftOut(refused));
    const text = done.length === 1 ? "Moved to the trash." : `${done.length} moved to the trash.`;
    for (const id of done) chosen.set(id, false);
    document.dispatchEvent(new Event("library-changed"));
    offerUndo(done, [text, leftOut(refused)].filter(Boolean).join(" "));
  } catch (problem) {
    const { title, text } = describe(problem);
    tell(`${title}. ${text}`);
  }
}

function ask(dialog) {
  const names = chosen.names();
  dialog.querySelector("form").reset();
  dialog.querySelector("[data-title]").textContent = names.length === 1 ? names[0] : `${names.length} items`;
  note(dialog, "");
  dialog.showModal();
}

function wire(dialog, value, change, tell) {
  dialog?.querySelector("form").addEventListener("submit", async (event) => {
    if (event.submitter?.value !== value) return;
    event.preventDefault();
    const wanted = change(new FormData(event.target));
    if (wanted.action === "tag" && !wanted.add.length && !wanted.remove.length) return note(dialog, "Type a tag first.");
    note(dialog, "Saving …");
    try {
      const { done, refused } = await batch(chosen.ids(), wanted);
      dialog.close();
      tell([done.length && `${done.length} changed.`, leftOut(refused)].filter(Boolean).join(" "));
      document.dispatchEvent(new Event("library-changed"));
    } catch (problem) {
      showProblem(dialog, problem);
    }
  });
}

function words(form, name) {
  return form.get(name).split(",").map((tag) => tag.trim()).filter(Boolean);
}
