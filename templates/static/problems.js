/* What to say when something does not work: what happened, and what to do about it.
   Codes are those of the server's error table; anything unknown falls back to the server's own words. */

const RETRY_AFTER = 5 * 1000; // ms, where the server does not say

const RETRY = { label: "Try again", retry: true };
const LIBRARY = { label: "Back to the library", href: "/library" };
const SIGN_IN = { label: "Sign in", href: "/login" };

const SIGNED_OUT = {
  title: "You have been signed out",
  text: "Your session ended or was closed on another device. Sign in and you come back to where you are now.",
  action: SIGN_IN,
};
const RESTARTING = {
  title: "The server is busy starting",
  text: "It will be back in a moment. This page tries again by itself.",
  action: RETRY,
  passing: true,
};

const PROBLEMS = {
  AUTH_002: SIGNED_OUT,
  AUTH_003: SIGNED_OUT,
  AUTH_004: SIGNED_OUT,
  AUTH_005: SIGNED_OUT,
  AUTH_006: {
    title: "You may not open this",
    text: "Ask an administrator for the right to it.",
    action: LIBRARY,
  },
  AUTH_007: {
    title: "This address was made for somebody else",
    text: "Open the page again from your own library.",
    action: LIBRARY,
  },
  SEC_001: {
    title: "This network is not allowed",
    text: "Connect from an allowed network or through the VPN, then try again.",
    action: RETRY,
  },
  MEDIA_001: {
    title: "This is no longer here",
    text: "It was deleted or put into the trash meanwhile, or you may not see it any more.",
    action: LIBRARY,
  },
  MEDIA_003: {
    title: "The content key cannot be opened",
    text: "Tell an administrator: the master key may not be the one that was in use when this was imported.",
    action: LIBRARY,
  },
  MEDIA_005: {
    title: "Still being prepared",
    text: "It can be played in a moment. This page tries again by itself.",
    action: RETRY,
    passing: true,
  },
  MEDIA_006: {
    title: "The drive that holds this file is away",
    text: "Nothing is lost. It comes back with the drive, and this page goes on by itself then.",
    action: RETRY,
    passing: true,
  },
  FILE_002: {
    title: "Its file is not there now",
    text: "The drive that holds it may just be coming back, or the file was moved. This page tries again by itself.",
    action: RETRY,
    passing: true,
  },
  MEDIA_007: {
    title: "The permission to play this has ended",
    text: "It ran out, or it was ended on another device. Start it again to ask for a new one.",
    action: { label: "Start again", retry: true },
  },
  LIMIT_001: {
    title: "Too many tries",
    text: "Wait a moment, then try again.",
    action: RETRY,
  },
  LIMIT_007: {
    title: "You are watching on other devices",
    text: "That is as much at once as your account allows. Close one of them, then try again.",
    action: RETRY,
  },
  LIMIT_008: {
    title: "This was stopped here",
    action: { label: "Watch here again", retry: true },
  },
  SYSTEM_001: RESTARTING,
  SYSTEM_002: RESTARTING,
  SYSTEM_004: RESTARTING,
  OFFLINE: {
    title: "The server does not answer",
    text: "Check your connection. It goes on by itself as soon as the server is there again.",
    action: RETRY,
    passing: true,
  },
  DECODE: {
    title: "This cannot be played here",
    text: "The browser does not know its format, or the file is damaged. Try another player or browser; if it fails there too, import it again.",
    action: LIBRARY,
  },
};

// Nginx answers for control on the media paths; then only the status is known.
const BY_STATUS = { 401: "AUTH_004", 403: "MEDIA_007", 404: "MEDIA_001", 410: "MEDIA_007", 429: "LIMIT_001" };

/** Return {title, text, action, passing} for a Problem; `passing` ones are worth trying again without being asked. */
export function describe(problem) {
  const known = PROBLEMS[problem.code] ?? PROBLEMS[BY_STATUS[problem.status]];
  if (known) return known.text ? known : { ...known, text: problem.details ?? "" };
  if (problem.status >= 500 && !problem.message) return RESTARTING;
  // Of a request that is wrong only the server knows what: the rest of its sentence is for who writes requests.
  if (problem.code === "FILE_001" && problem.details) return { title: problem.details, text: "", action: RETRY };
  return { title: problem.message || "Something went wrong", text: problem.details ?? "", action: RETRY };
}

/** Return how long to wait before the next try (ms). */
export function retryAfter(problem) {
  return problem.wait ? problem.wait * 1000 : RETRY_AFTER;
}

const drawers = new Map();

/** Let `draw(stage, problem, retry)` show the problems with this code, in an element of the class "problem". */
export function drawAs(code, draw) {
  drawers.set(code, draw);
}

/** Draw the problem into `stage`; `retry` runs on its button, and by itself while a passing problem is shown. */
export function show(stage, problem, retry) {
  const { title, text, action, passing } = describe(problem);
  clear(stage);
  if (drawers.has(problem.code)) return drawers.get(problem.code)(stage, problem, retry);
  const box = document.getElementById("problem").content.cloneNode(true).firstElementChild;
  box.querySelector("[data-title]").textContent = title;
  box.querySelector("[data-text]").textContent = text;
  box.querySelector("[data-code]").textContent = problem.code;
  box.querySelector("[data-action]").replaceWith(actionElement(action, retry));
  stage.append(box);
  if (!passing) return;
  const again = () => box.isConnected && retry();
  setTimeout(again, retryAfter(problem));
  if (problem.code === "OFFLINE") addEventListener("online", again, { once: true });
}

/** Take a shown problem away again. */
export function clear(stage) {
  stage.querySelector(".problem")?.remove();
}

function actionElement({ label, href, retry: isRetry }, retry) {
  const element = document.createElement(isRetry ? "button" : "a");
  element.className = "button button-primary";
  element.textContent = label;
  if (isRetry) element.addEventListener("click", retry);
  else element.href = href === "/login" ? signInUrl() : href;
  return element;
}

/** Return the sign-in page's address that leads back here, to the second that a film has come to. */
export function signInUrl() {
  const query = new URLSearchParams(location.search);
  const at = Math.floor(document.querySelector("#stage video")?.currentTime ?? 0);
  if (at) query.set("t", at);
  const search = query.size ? `?${query}` : "";
  return `/login?next=${encodeURIComponent(location.pathname + search)}`;
}
