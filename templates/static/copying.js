/* Buttons that copy the field they stand at. */

export function wireCopies() {
  for (const button of document.querySelectorAll("[data-copies]")) {
    button.addEventListener("click", () => copy(button));
  }
}

/** Copy `text` and say so on the button (on its <span>, where it has one). */
export async function copyText(button, text) {
  await navigator.clipboard.writeText(text);
  const label = button.querySelector("span") ?? button;
  label.textContent = "Copied";
  setTimeout(() => (label.textContent = "Copy"), 2000);
}

function copy(button) {
  const input = document.getElementById(button.dataset.copies);
  input.select();
  return copyText(button, input.value);
}
