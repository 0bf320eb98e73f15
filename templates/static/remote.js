/* Another screen (AirPlay, Cast), where the browser knows one: it fetches the film itself and sends no cookie, so it
   gets a portable address. Meanwhile hls.js lets go of the element. */

import { show } from "./problems.js";
import { json } from "./session.js";

const HLS_TYPE = "application/vnd.apple.mpegurl";

/** Show the button where it can work. `film`: what plays by hls.js, if anything does. */
export function offerRemote(stage, video, film) {
  const button = stage.querySelector("[data-remote]");
  if (!button || !video.remote || !video.canPlayType(HLS_TYPE)) return;
  button.hidden = false;
  button.addEventListener("click", () => send(stage, video, film).catch((problem) => show(stage, problem, () => {})));
}

async function send(stage, video, film) {
  const { url } = await json(`${stage.dataset.stream}?portable=true`);
  const position = video.currentTime;
  film?.leave();
  video.disableRemotePlayback = false;
  video.src = url;
  video.addEventListener("loadedmetadata", () => (video.currentTime = position), { once: true });
  const comeBack = () => film?.comeBack(video.currentTime || position);
  video.remote.addEventListener("disconnect", comeBack, { once: true });
  await video.remote.prompt().catch(comeBack); // no screen, or none chosen
}
