/* Selecting several cards of the library, to do something with all of them: by their checkboxes, by shift for all in
   between, by a long press, or by "Select". What is selected outlives paging, until the tab is closed. */

import { wireCopies } from "./copying.js";
import { describe } from "./problems.js";
import { askForTags, askForVisibility, trash, wireActions } from "./selection-actions.js";
import { chosen } from "./selection-memory.js";
import { openShare, wireShares } from "./share.js";
import { showUndo } from "./undo.js";
import { downloadZip } from "./zip.js";

const LONG_PRESS = 400; // ms: before the browser opens a menu of its own
const page = document.getElementById("library-page");
const bar = document.getElementById("selection");

let choosing = false; // "Select" was pressed: a click on a card selects it
let pressed = false; // for long: the click of the finger that goes up means nothing
let anchor = null; // the id of the box that shift starts from

page.addEventListener("click", click, true);
page.addEventListener("change", changed);
document.addEventListener("keydown", key);
new MutationObserver(draw).observe(page, { childList: true, subtree: true }); // library.js puts in what is new
wireLongPress();
wireBar();
wireCopies();
wireShares();
wireActions(tell);
showUndo();
draw();

function boxes() {
  return [...page.querySelectorAll(".card-select input")];
}

function isOn() {
  return choosing || chosen.size > 0;
}

// --- selecting ---------------------------------------------------------------------------------------------------------

/** In select mode a card is a box: a click on it opens nothing. */
function click(event) {
  if (event.target.closest("[data-select-mode]")) return setMode(!isOn());
  const card = event.target.closest(".card");
  if (pressed) {
    pressed = false;
    return event.preventDefault();
  }
  if (!card || !isOn() || event.ctrlKey || event.metaKey) return;
  const box = card.querySelector(".card-select input");
  if (event.target.closest("a")) {
    event.preventDefault();
    select(box, !box.checked, event.shiftKey);
  } else if (event.target === box && event.shiftKey) select(box, box.checked, true);
}

function changed({ target }) {
  if (target.matches(".card-select input")) select(target, target.checked);
}

/** Select or leave out `box`, and with `through` all between it and the last one. */
function select(box, on, through = false) {
  const all = boxes();
  const from = through ? all.findIndex(({ value }) => value === anchor) : -1;
  const to = all.indexOf(box);
  const range = from < 0 ? [box] : all.slice(Math.min(from, to), Math.max(from, to) + 1);
  for (const one of range) chosen.set(one.value, on && nameOf(one));
  anchor = box.value;
  draw();
}

function nameOf(box) {
  return box.closest(".card").querySelector(".card-name").textContent;
}

function setMode(on) {
  choosing = on;
  if (!on) chosen.clear();
  tell("");
  draw();
}

function key(event) {
  if (!isOn() || event.target.closest("input:not([type=checkbox]), dialog, details[open]")) return;
  if (event.key === "Escape") setMode(false);
  if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    selectAll();
  }
}

/** All on this page. */
function selectAll() {
  for (const box of boxes()) chosen.set(box.value, nameOf(box));
  draw();
}

/** (!) A finger that moves scrolls, and the system's own menu must not come over the card. */
function wireLongPress() {
  let timer;
  const stop = () => clearTimeout(timer);
  page.addEventListener("touchstart", ({ target, touches }) => {
    stop();
    pressed = false;
    const box = touches.length === 1 && target.closest(".card")?.querySelector(".card-select input");
    if (box && !isOn()) timer = setTimeout(() => press(box), LONG_PRESS);
  }, { passive: true });
  for (const end of ["touchend", "touchmove", "touchcancel"]) page.addEventListener(end, stop, { passive: true });
  page.addEventListener("contextmenu", (event) => isOn() && event.pointerType === "touch" && event.preventDefault());
}

function press(box) {
  navigator.vibrate?.(10);
  select(box, true);
  pressed = true;
}

// --- showing -----------------------------------------------------------------------------------------------------------

function draw() {
  for (const box of boxes()) {
    box.checked = chosen.has(box.value);
    box.closest(".card").classList.toggle("is-selected", box.checked);
  }
  page.classList.toggle("is-selecting", isOn());
  page.querySelector("[data-select-mode]")?.setAttribute("aria-pressed", isOn());
  bar.hidden = !isOn();
  const count = chosen.size;
  bar.querySelector("[data-count]").textContent = count ? `${count} selected` : "Select what you want";
  for (const button of bar.querySelectorAll(".selection-actions [data-selection]:not([data-selection=clear])")) button.disabled = !count;
}

function tell(text) {
  bar.querySelector("[data-note]").textContent = text;
}

// --- doing -------------------------------------------------------------------------------------------------------------

function wireBar() {
  const actions = { clear: () => setMode(false), all: selectAll, share, zip, tags: askForTags, visibility: askForVisibility, trash: remove };
  for (const button of bar.querySelectorAll("[data-selection]")) {
    button.addEventListener("click", actions[button.dataset.selection]);
  }
}

function share() {
  const names = chosen.names();
  openShare(chosen.ids(), names.length === 1 ? names[0] : `${names.length} items`);
}

async function remove({ currentTarget: button }) {
  button.disabled = true;
  await trash(tell);
  if (!chosen.size) choosing = false;
  draw();
}

async function zip({ currentTarget: button }) {
  button.disabled = true;
  try {
    await downloadZip(chosen.ids(), tell);
  } catch (problem) {
    const { title, text } = describe(problem);
    tell(`${title} ${text}`);
  }
  button.disabled = !chosen.size;
}
