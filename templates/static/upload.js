/* START HERE for the upload page: what is dropped or picked goes into the queue, rows and totals show it. */

import { size, timeLeft } from "./sizes.js";
import { carriesFiles, dropped, picked } from "./upload-intake.js";
import { UploadMemory } from "./upload-memory.js";
import { Queue } from "./upload-queue.js";
import { Quota } from "./upload-quota.js";
import { Rows } from "./upload-rows.js";

const page = document.getElementById("upload-page");
const options = document.getElementById("upload-options");
const totals = document.getElementById("upload-totals");
const said = document.getElementById("upload-said");
const quota = new Quota(document.getElementById("quota"));

await import(page.dataset.tus); // a classic script: it leaves `tus` in the window
const queue = new Queue(
  {
    Upload: window.tus.Upload,
    endpoint: page.dataset.endpoint,
    chunkSize: Number(page.dataset.chunk),
    memory: new UploadMemory(page.dataset.user),
    reserved: () => quota.refresh(),
    statusUrl: page.dataset.status,
  },
  show,
);
const rows = new Rows(document.getElementById("uploads"), act);

let asked = false; // for a drawing of the totals

wireInputs();
wireDrop();
wireTotals();
await queue.remember();

// --- taking files ------------------------------------------------------------------------------------------------------

function take(found) {
  if (!found.length) return;
  queue.add(found, chosen());
  say(found.length === 1 ? `${found[0].file.name} is added.` : `${found.length} files are added.`);
}

/** What the options say now; it holds for what is added from now on. */
function chosen() {
  const form = new FormData(options);
  return { visibility: form.get("visibility"), ...(form.has("vault") && { vault: "true" }) };
}

function wireInputs() {
  for (const input of page.querySelectorAll("input[type=file]")) {
    const chosenNow = () => {
      take(picked(input));
      input.value = ""; // the same file may be chosen again
    };
    input.addEventListener("change", chosenNow);
    if (input.files.length) chosenNow(); // while this page was still loading
  }
  for (const button of page.querySelectorAll("[data-picks]")) {
    button.addEventListener("click", () => document.getElementById(button.dataset.picks).click());
  }
}

/** Anywhere on the page. The veil catches the drag once it is there, so only leaving it is leaving. */
function wireDrop() {
  const veil = document.getElementById("drop-veil");
  addEventListener("dragenter", (event) => carriesFiles(event.dataTransfer) && (veil.hidden = false));
  addEventListener("dragover", (event) => carriesFiles(event.dataTransfer) && event.preventDefault());
  veil.addEventListener("dragleave", () => (veil.hidden = true));
  addEventListener("drop", async (event) => {
    veil.hidden = true;
    if (!carriesFiles(event.dataTransfer)) return;
    event.preventDefault();
    take(await dropped(event.dataTransfer));
  });
}

// --- showing them ------------------------------------------------------------------------------------------------------

function show(transfer) {
  if (transfer.state === "cancelled") drop(transfer);
  else rows.draw(transfer);
  if (transfer.state === "failed") say(`${transfer.name}: ${transfer.problem.title}`);
  if (transfer.state === "checking") say(`${transfer.name} is uploaded.`);
  soon();
}

function drop(transfer) {
  rows.remove(transfer);
  queue.remove(transfer);
  quota.refresh();
}

/** Once a frame is enough, however many of them move. */
function soon() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    drawTotals(queue.totals());
  });
}

function drawTotals({ count, over, bytes, sent, speed, secondsLeft, unreserved }) {
  page.classList.toggle("has-uploads", queue.transfers.length > 0);
  totals.hidden = !count;
  totals.querySelector("progress").max = bytes || 1;
  totals.querySelector("progress").value = sent;
  totals.querySelector("[data-title]").textContent = titleOf(count, over);
  const facts = [`${size(sent)} of ${size(bytes)}`, speed && `${size(speed)}/s`, secondsLeft && timeLeft(secondsLeft)];
  totals.querySelector("[data-facts]").textContent = facts.filter(Boolean).join(" · ");
  for (const [name, states] of [["pause", ["queued", "sending", "waiting"]], ["resume", ["paused"]], ["tidy", ["done", "preparing"]]]) {
    totals.querySelector(`[data-all=${name}]`).hidden = !queue.has(...states);
  }
  quota.after(unreserved);
}

function titleOf(count, over) {
  const files = (number) => `${number} ${number === 1 ? "file" : "files"}`;
  return over === count ? `${files(count)} uploaded` : `${over} of ${files(count)}`;
}

function say(text) {
  said.textContent = text;
}

// --- buttons -----------------------------------------------------------------------------------------------------------

function act(name, transfer) {
  if (name === "pause") transfer.pause();
  if (name === "resume" || name === "retry") transfer.resume();
  if (name === "cancel") transfer.cancel();
  if (name === "remove") drop(transfer);
  if (name === "choose") document.getElementById("pick-files").click();
  soon();
}

function wireTotals() {
  const all = { pause: () => queue.pauseAll(), resume: () => queue.resumeAll(), tidy };
  for (const button of totals.querySelectorAll("[data-all]")) button.addEventListener("click", all[button.dataset.all]);
  addEventListener("beforeunload", (event) => queue.has("queued", "sending", "waiting") && event.preventDefault());
}

function tidy() {
  queue.transfers.filter(({ isOver }) => isOver).forEach(drop);
  soon();
}
