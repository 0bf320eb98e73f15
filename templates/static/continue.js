/* "Continue watching": films go on at once, and one can be taken off the list (and put back). */

import { describe } from "./problems.js";
import { json, request } from "./session.js";
import { playThere } from "./up-next.js";

const section = document.getElementById("continue");
section?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-forget]");
  const link = event.target.closest("a");
  if (button) return void forget(button);
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  playThere(link);
});

async function forget(button) {
  const { forget: media, seconds, length } = button.dataset;
  const card = button.closest("li");
  const url = `/api/media/${media}/position`;
  try {
    await request(url, { method: "DELETE" });
    card.hidden = true;
    say("Taken off the list.", async () => {
      await json(url, { seconds: Number(seconds), duration: Number(length) }, "PUT");
      card.hidden = false;
      say("");
    });
  } catch (problem) {
    say(describe(problem).title);
  }
}

function say(text, undo) {
  section.querySelector("[data-note]").textContent = text;
  const button = section.querySelector("[data-undo]");
  button.hidden = !undo;
  button.onclick = undo;
  if (undo) button.focus();
}
