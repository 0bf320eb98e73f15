/* What every signed-in page does: stay signed in, say so when that ends, close menus, show dates as people write them. */

import { showMoments } from "./moments.js";
import { signInUrl } from "./problems.js";
import { keepAlive } from "./session.js";
import { forgetUploads } from "./upload-memory.js";

function saySignedOut() {
  const notice = document.getElementById("signed-out");
  notice.hidden = false;
  notice.querySelector("a").href = signInUrl();
}

keepAlive(saySignedOut);
document.addEventListener("sluice:ended", saySignedOut); // events.js was told

showMoments();

// Whoever comes next finds nothing of what was under way.
document.querySelector("form[action='/logout']")?.addEventListener("submit", () => {
  forgetUploads();
  sessionStorage.clear();
});

document.addEventListener("click", ({ target }) => closeMenus((menu) => !menu.contains(target)));
document.addEventListener("keydown", ({ key }) => key === "Escape" && closeMenus(() => true));

function closeMenus(which) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!which(menu)) continue;
    const inside = menu.contains(document.activeElement);
    menu.open = false;
    if (inside) menu.querySelector("summary").focus();
  }
}

// Not a submit button: Enter in a field does what the dialog is for.
document.addEventListener("click", ({ target }) => target.closest("[data-closes]")?.closest("dialog").close());

// "/" goes to the search field, as in many libraries.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, textarea, select, media-controller")) return;
  event.preventDefault();
  document.getElementById("search")?.focus();
});
