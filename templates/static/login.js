/* The sign-in page: lets the password be seen while it is typed. */

const input = document.getElementById("password");
const button = document.querySelector("[data-reveal]");

button.addEventListener("click", () => {
  const shown = input.type === "password";
  input.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", shown);
  button.textContent = shown ? "Hide" : "Show";
  input.focus();
});
