/* START HERE for the player of films: hls.js (or the browser itself where it knows HLS) or a plain file under
   media-chrome's controls, and everything around them, each in a file of its own. */

import "./shadow-styles.js"; // before media-chrome
import { markChapters } from "./chapters.js";
import { Film } from "./film.js";
import { listenToKeys } from "./keyboard.js";
import { tellLockScreen } from "./lock-screen.js";
import { clear, show } from "./problems.js";
import { offerRemote } from "./remote.js";
import { resume } from "./resuming.js";
import { Problem, request } from "./session.js";
import { listenToTaps } from "./taps.js";
import { goOn, leadOn } from "./up-next.js";

const HLS_TYPE = "application/vnd.apple.mpegurl";

/** Start the player that `stage` holds. */
export async function play(stage) {
  const video = stage.querySelector("video, audio");
  markChapters(stage, video);
  const start = resume(stage, video);
  const film = stage.dataset.delivery === "hls" ? await playHls(stage, video, start) : playFile(stage, video, start);
  await import(stage.dataset.mediaChrome);
  video.controls = false; // they were for a page without scripts
  const controller = stage.querySelector("media-controller");
  listenToKeys(controller, video);
  listenToTaps(controller, video);
  tellLockScreen(stage, video, () => goOn());
  leadOn(stage, video);
  offerRemote(stage, video, film);
}

async function playHls(stage, video, start) {
  const { default: Hls } = await import(stage.dataset.hls);
  if (Hls.isSupported()) {
    const film = new Film(stage, video, Hls);
    film.open(start);
    return film;
  }
  if (video.canPlayType(HLS_TYPE)) playFile(stage, video, start);
  else show(stage, new Problem(0, { code: "DECODE" }));
}

function playFile(stage, element, start) {
  let position = start;
  const failed = async () => {
    position = element.currentTime || position;
    show(stage, await causeOf(stage.dataset.stream), () => element.load());
  };
  element.addEventListener("error", failed);
  element.addEventListener("loadedmetadata", () => {
    clear(stage);
    if (position) element.currentTime = position;
  });
  if (element.error) failed(); // the page's own src had failed before this script came
  if (!element.src) element.src = stage.dataset.stream;
  else if (element.readyState >= HTMLMediaElement.HAVE_METADATA) element.currentTime = position;
}

/** Return why a media element could not load `url`: the server's reason, or that the format is unknown here. */
async function causeOf(url) {
  try {
    await request(url, { headers: { Range: "bytes=0-0" } });
    return new Problem(0, { code: "DECODE" });
  } catch (problem) {
    return problem;
  }
}
