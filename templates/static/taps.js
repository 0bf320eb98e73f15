/* On a touch screen: two taps on a side of the picture go ten seconds back or on; each further tap ten more. */

import { seek } from "./seeking.js";

const STEP = 10;
const WITHIN = 300; // ms between two taps
const SIDE = 0.35; // of the width

/** Let double taps on the picture seek `video`; single ones stay media-chrome's. */
export function listenToTaps(controller, video) {
  let last = { at: 0, side: 0 };
  let told = 0;
  controller.addEventListener(
    "pointerup",
    (event) => {
      if (event.pointerType !== "touch" || !onPicture(event)) return;
      const side = sideOf(event, controller);
      const again = side && side === last.side && event.timeStamp - last.at < WITHIN;
      last = { at: event.timeStamp, side };
      if (!again) return (told = 0);
      event.stopPropagation(); // no toggling of the controls
      seek(video, video.currentTime + side * STEP);
      tell(controller, side, (told += STEP));
    },
    { capture: true },
  );
}

function onPicture(event) {
  return event.composedPath().some((part) => part instanceof Element && part.matches("media-gesture-receiver, video"));
}

/** Return -1 for the left side, 1 for the right one, 0 for the middle. */
function sideOf(event, controller) {
  const { left, width } = controller.getBoundingClientRect();
  const x = (event.clientX - left) / width;
  return x < SIDE ? -1 : x > 1 - SIDE ? 1 : 0;
}

function tell(controller, side, seconds) {
  controller.parentElement.querySelector(".tapped")?.remove();
  const note = document.createElement("p");
  note.className = `tapped tapped-${side < 0 ? "back" : "on"}`;
  note.textContent = `${side < 0 ? "−" : "+"}${seconds} s`;
  controller.parentElement.append(note);
  note.addEventListener("animationend", () => note.remove());
}
