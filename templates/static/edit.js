/* The "Edit" dialog of the watch page: name, tags and who may see it, saved by PATCH; then the page shows them. */

import { describe } from "./problems.js";
import { request } from "./session.js";

/** Make the dialog work, where the page has it or gets it later. */
export function wire() {
  document.addEventListener("submit", (event) => event.target.id === "edit" && save(event));
}

async function save(event) {
  event.preventDefault();
  const form = event.target;
  const note = form.querySelector("[data-note]");
  note.textContent = "Saving …";
  try {
    await request(`/api/media/${form.dataset.media}`, {
      method: "PATCH",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(changes(new FormData(form))),
    });
    // Whoever takes it out of their own sight has no page of it any more.
    await request(`/api/media/${form.dataset.media}`).then(() => location.reload(), () => location.assign("/library"));
  } catch (problem) {
    const { title, text } = describe(problem);
    note.textContent = `${title}. ${text}`;
  }
}

function changes(form) {
  const tags = form.get("tags").split(",").map((tag) => tag.trim()).filter(Boolean);
  return { name: form.get("name").trim(), tags, visibility: form.get("visibility") };
}
