/* Going to a moment of a film, also of one that has not begun: then it is only noted where to begin. */

export const SOUGHT = "sluice:sought";

/** Go to `seconds`, within what there is of it. */
export function seek(video, seconds) {
  video.currentTime = Math.max(0, Math.min(seconds, video.duration || Infinity));
  video.dispatchEvent(new Event(SOUGHT));
}
