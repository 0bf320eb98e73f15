/* What forms offer to those who run scripts: a password that can be seen while it is typed, a secret that can be copied,
   and moments as people say them. */

import { wireCopies } from "./copying.js";
import { showMoments } from "./moments.js";

showMoments();
wireCopies();

for (const button of document.querySelectorAll("[data-reveal]")) {
  const input = button.parentElement.querySelector("input");
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", shown);
    button.textContent = shown ? "Hide" : "Show";
    input.focus();
  });
}
