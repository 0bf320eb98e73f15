/* Buttons that copy the field they stand at. */

export function wireCopies() {
  for (const button of document.querySelectorAll("[data-copies]")) {
    button.addEventListener("click", () => copy(button));
  }
}

async function copy(button) {
  const input = document.getElementById(button.dataset.copies);
  input.select();
  await navigator.clipboard.writeText(input.value);
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 2000);
}
