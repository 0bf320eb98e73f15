/* START HERE for the watch page: picks what its stage needs, and follows a medium that is still being prepared. */

import { wireCopies } from "./copying.js";
import * as deletion from "./delete.js";
import * as edit from "./edit.js";
import { wireDialogs } from "./links.js";
import { wireWatched } from "./resuming.js";
import { json } from "./session.js";
import { wireShares } from "./share.js";
import { clock } from "./times.js";
import { wireStream } from "./streams.js";

const POLL_EVERY = 2000;
const stage = document.getElementById("stage");

const views = {
  player: async () => (await import("./player.js")).play(stage),
  audio: async () => (await import("./audio.js")).play(stage),
  document: async () => (await import("./document.js")).read(stage),
  photo: async () => (await import("./photo.js")).open(stage),
};

wireCopies();
wireDialogs();
wireShares();
edit.wire();
wireWatched();
if (stage.dataset.delivery === "hls") wireStream(stage.dataset.media);
deletion.wire();
views[stage.dataset.view]?.();
if (document.querySelector("[data-progress]")) setTimeout(follow, POLL_EVERY);

/** Show the progress; when there is something else to see (it can be played now, or it failed), the page says it. */
async function follow() {
  const media = document.hidden ? null : await json(`/api/media/${stage.dataset.media}`).catch(() => null);
  if (!media) return setTimeout(follow, POLL_EVERY);
  draw(media.progress);
  drawSoFar();
  const playing = ["player", "audio"].includes(stage.dataset.view);
  if (media.state === stage.dataset.state) setTimeout(follow, POLL_EVERY);
  else if (!playing) location.reload();
  else if (media.state === "completed") document.querySelector("[data-progress]").hidden = true;
}

/** How much of a film can be watched already: its playlist grows while it plays. */
function drawSoFar() {
  const video = stage.querySelector("video");
  const note = document.querySelector("[data-so-far]");
  if (!note || !video?.seekable.length) return;
  note.textContent = `The first ${clock(video.seekable.end(video.seekable.length - 1))} can be watched now.`;
}

function draw(progress) {
  for (const text of document.querySelectorAll("[data-percent]")) text.textContent = `${Math.round(progress)} %`;
  for (const bar of document.querySelectorAll("[data-progress] progress")) bar.value = progress;
}
