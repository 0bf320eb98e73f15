/* The share dialog: a share page with a record, for one or many, or a direct link to one file. */

import { note, showLink, showProblem } from "./links.js";
import { json } from "./session.js";

const dialog = document.getElementById("share-dialog");
let shared = []; // the ids that the open dialog is about

/** Make the dialog work, and the page's own buttons that open it. */
export function wireShares() {
  if (!dialog) return;
  const form = dialog.querySelector("form");
  form.addEventListener("submit", submit);
  form.addEventListener("change", () => choose(form));
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-shares]");
    if (button) openShare([button.dataset.shares], button.dataset.title);
  });
}

/** Ask how to share these media; `title` says which they are. */
export function openShare(ids, title) {
  shared = ids;
  dialog.querySelector("form").reset();
  dialog.querySelector("[data-title]").textContent = `Share ${title}`;
  dialog.querySelector("[name=name]").value = title;
  choose(dialog.querySelector("form"));
  ask(true);
  note(dialog, "");
  dialog.showModal();
}

/** Show what belongs to a share page, or to a direct link. */
function choose(form) {
  const how = new FormData(form).get("how");
  for (const part of form.querySelectorAll("[data-how]")) part.hidden = part.dataset.how !== how;
}

/** Either the questions are shown, or what was made. */
function ask(asking) {
  dialog.querySelector("[data-ask]").hidden = !asking;
  dialog.querySelector("[data-made]").hidden = asking;
  const make = dialog.querySelector("[value=make]");
  make.hidden = make.disabled = !asking; // Enter in what was made does not make another one
  dialog.querySelector("[data-manage]").hidden = true;
}

async function submit(event) {
  event.preventDefault();
  const form = new FormData(event.target);
  note(dialog, "Asking the server …");
  try {
    await (form.get("how") === "link" ? makeLink(form) : makeShare(form));
  } catch (problem) {
    ask(true);
    showProblem(dialog, problem);
  }
}

async function makeLink(form) {
  const made = await json("/api/links", { media_id: shared[0], kind: form.get("kind"), ttl: Number(form.get("ttl")) });
  show(made);
}

async function makeShare(form) {
  const rights = form.get("rights").split(" ");
  const made = await json("/api/shares", shareOf(form, { media_ids: shared, rights }));
  show(made, `/api/shares/${made.id}/qr.svg`);
  dialog.querySelector("[data-manage]").hidden = false;
}

function show(made, qr) {
  ask(false);
  showLink(dialog, made);
  dialog.querySelector(".qr")?.remove();
  if (qr) dialog.querySelector("[data-made]").prepend(picture(qr));
  dialog.querySelector("[data-copies]").focus();
}

function picture(src) {
  return Object.assign(new Image(176, 176), { src, className: "qr", alt: "The link as a QR code" });
}

/** The fields that every kind of share has; what is left empty is left out. */
export function shareOf(form, share) {
  const text = (name) => form.get(name).trim();
  const expires_in = Number(form.get("expires_in")), max_uses = Number(form.get("max_uses"));
  const body = { ...share, name: text("name"), note: text("note"), password: form.get("password"), expires_in, max_uses };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value));
}
