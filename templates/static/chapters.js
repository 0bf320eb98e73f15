/* Chapters: parts of the time line, titles in its preview, a menu, and the one that plays beside the time. */

import { seek } from "./seeking.js";

/** Make the chapters that the page has of `video` a track, which media-chrome draws; let the menu seek. */
export function markChapters(stage, video) {
  const chapters = JSON.parse(video.dataset.chapters ?? "[]");
  if (!chapters.length) return;
  const track = video.addTextTrack("chapters", "Chapters");
  track.mode = "hidden"; // its cues are read, not shown
  const length = Number(video.dataset.length) || Number.MAX_SAFE_INTEGER;
  chapters.forEach(({ start, title }, index) => {
    const cue = new VTTCue(start, chapters[index + 1]?.start ?? length, title || `Chapter ${index + 1}`);
    track.addCue(cue);
  });
  video.addEventListener("timeupdate", () => showCurrent(stage, track));
  stage.querySelector("[data-chapter-menu]")?.addEventListener("click", ({ target }) => {
    const start = target.closest("media-chrome-menu-item")?.value;
    if (start !== undefined) seek(video, Number(start));
  });
  document.addEventListener("click", (event) => followLink(event, video));
}

/** Links to a moment (?t=…) in the page's own list go there at once. */
function followLink(event, video) {
  const link = event.target.closest?.("a[data-seek]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  seek(video, Number(link.dataset.seek));
  video.closest(".stage").scrollIntoView({ block: "nearest" });
}

function showCurrent(stage, track) {
  const title = track.activeCues?.[0]?.text ?? "";
  const label = stage.querySelector("[data-chapter]");
  if (label && label.textContent !== title) label.textContent = title;
}
