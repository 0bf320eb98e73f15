/* What the system shows and steers of a film: lock screens, media keys, headphones (Media Session). */

const STEP = 10;

/** Tell the system what plays; `next` goes on to the next film, where there is one. */
export function tellLockScreen(stage, video, next) {
  const session = navigator.mediaSession;
  if (!session) return;
  const picture = video.getAttribute("poster");
  session.metadata = new MediaMetadata({
    title: stage.dataset.title,
    artist: stage.dataset.artist ?? "",
    artwork: picture ? [{ src: new URL(picture, location.href).href, type: "image/webp" }] : [],
  });
  const handlers = {
    play: () => video.play(),
    pause: () => video.pause(),
    seekbackward: ({ seekOffset }) => (video.currentTime -= seekOffset ?? STEP),
    seekforward: ({ seekOffset }) => (video.currentTime += seekOffset ?? STEP),
    seekto: ({ seekTime }) => (video.currentTime = seekTime),
    nexttrack: document.getElementById("end-card") ? next : null,
  };
  for (const [action, handler] of Object.entries(handlers)) session.setActionHandler(action, handler);
  for (const event of ["durationchange", "ratechange", "seeked", "play", "pause"])
    video.addEventListener(event, () => draw(session, video));
}

function draw(session, { paused, duration, currentTime, playbackRate }) {
  session.playbackState = paused ? "paused" : "playing";
  if (!Number.isFinite(duration) || !duration) return;
  session.setPositionState({ duration, position: Math.min(currentTime, duration), playbackRate });
}
