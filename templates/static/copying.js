/* Buttons that copy the field they stand at. */

export function wireCopies() {
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-copies]");
    if (button) copy(button);
  });
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
