/* The owner's list of shares: copy, show as QR, call back, and make a drop box. */

import { copyText, wireCopies } from "./copying.js";
import { note, showProblem } from "./links.js";
import { showMoments } from "./moments.js";
import { json, request } from "./session.js";
import { shareOf } from "./share.js";

const page = document.getElementById("shares-page");
const said = document.getElementById("shares-said");
const qr = document.getElementById("share-qr");
const revoking = document.getElementById("share-revoke");
const box = document.getElementById("drop-box");

wireCopies();
page.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (button?.dataset.copiesUrl) copy(button);
  if (button?.dataset.qr) showQr(button.dataset);
  if (button?.dataset.revoke) askToRevoke(button.dataset);
  if (button?.dataset.opensDialog) openBox();
});
revoking.querySelector("form").addEventListener("submit", revoke);
box.querySelector("form").addEventListener("submit", makeBox);

async function copy(button) {
  await copyText(button, button.dataset.copiesUrl);
  said.textContent = "The link is copied.";
}

function showQr({ qr: address, url, title }) {
  qr.querySelector("[data-title]").textContent = title;
  qr.querySelector("img").src = address;
  qr.querySelector("input").value = url;
  qr.showModal();
}

// --- calling back ------------------------------------------------------------------------------------------------------

function askToRevoke({ revoke: id, title }) {
  revoking.dataset.share = id;
  revoking.querySelector("[data-title]").textContent = title;
  note(revoking, "");
  revoking.showModal();
}

async function revoke(event) {
  if (event.submitter?.value !== "revoke") return;
  event.preventDefault();
  try {
    await request(`/api/shares/${revoking.dataset.share}`, { method: "DELETE" });
    await redraw();
    revoking.close();
    said.textContent = "It is called back.";
  } catch (problem) {
    showProblem(revoking, problem);
  }
}

// --- drop boxes --------------------------------------------------------------------------------------------------------

function openBox() {
  box.querySelector("form").reset();
  note(box, "");
  box.showModal();
}

async function makeBox(event) {
  if (event.submitter?.value !== "make") return;
  event.preventDefault();
  const form = new FormData(event.target);
  const caps = { upload_max_files: Number(form.get("files")), upload_max_bytes: Math.round(form.get("gigabytes") * 1e9) };
  try {
    const made = await json("/api/shares", shareOf(form, { rights: ["upload"], folder: form.get("folder").trim(), ...caps }));
    await redraw();
    box.close();
    showQr({ qr: `/api/shares/${made.id}/qr.svg`, url: made.url, title: form.get("name") });
  } catch (problem) {
    showProblem(box, problem);
  }
}

/** The server draws the list again: one place (shares.html) knows what a share looks like. */
async function redraw() {
  const answer = await request(location.href);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.getElementById("shares").replaceWith(fresh.getElementById("shares"));
  showMoments(document.getElementById("shares"));
}
