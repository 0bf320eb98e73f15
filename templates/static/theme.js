/* The chosen theme, set before the first paint: a classic script in <head>, because a module would run too late.
   Without a choice the system decides; choosing what the system shows anyway forgets the choice again. */

(() => {
  const STORED = "sluice.theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const systemTheme = () => (system.matches ? "dark" : "light");
  const theme = () => root.dataset.theme || systemTheme();

  function apply(choice) {
    if (choice === "dark" || choice === "light") root.dataset.theme = choice;
    else delete root.dataset.theme;
  }

  function toggle() {
    const next = theme() === "dark" ? "light" : "dark";
    const choice = next === systemTheme() ? null : next;
    if (choice) localStorage.setItem(STORED, choice);
    else localStorage.removeItem(STORED);
    apply(choice);
  }

  root.classList.add("js");
  apply(localStorage.getItem(STORED));
  addEventListener("storage", (event) => event.key === STORED && apply(event.newValue)); // chosen in another tab
  document.addEventListener("click", (event) => event.target.closest("[data-theme-toggle]") && toggle());
})();
