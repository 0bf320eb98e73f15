/* The session as the pages see it: same-origin requests whose cookies are kept fresh.
   The access token lives 15 minutes; a page that stays open renews it, and a 401 is tried once more. */

const RENEW_AFTER = 10 * 60 * 1000;
const RENEWED = "sluice.renewed"; // when any tab renewed last, in ms since the epoch

/** A refusal of the server (its code, message, details) or, with code OFFLINE, no answer at all; `wait`: seconds until
    it is worth another try, where the server says so (Retry-After). */
export class Problem extends Error {
  constructor(status, { code, message, details } = {}, wait) {
    super(message);
    Object.assign(this, { status, code: code ?? `HTTP_${status}`, details, wait });
  }
}

/** Return the server's answer if it is a success, or that nothing has changed (304); throws a Problem otherwise. */
export async function request(path, init = {}) {
  let response = await send(path, init);
  if (response.status === 401 && (await renew())) response = await send(path, init);
  if (!response.ok && response.status !== 304) {
    const wait = Number(response.headers.get("Retry-After")) || undefined;
    throw new Problem(response.status, await errorOf(response), wait);
  }
  return response;
}

/** Return the JSON that `path` answers to a GET, or to a POST (or another `method`) of `body`. */
export async function json(path, body, method = "POST") {
  const headers = { Accept: "application/json" };
  if (body === undefined) return (await request(path, { headers })).json();
  headers["Content-Type"] = "application/json";
  return (await request(path, { method, headers, body: JSON.stringify(body) })).json();
}

/** Renew the cookies; false when the session has ended. Tabs take turns: a refresh token is good for one use. */
export function renew() {
  const asked = Date.now();
  return navigator.locks.request("sluice-session", async () => {
    if (lastRenewed() > asked) return true; // another tab did it while this one waited
    const response = await send("/api/auth/refresh", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: "{}",
      keepalive: true, // the page may be left meanwhile: the new cookies must arrive
    });
    if (response.ok) localStorage.setItem(RENEWED, Date.now());
    return response.ok;
  });
}

/** Renew the cookies every ten minutes while the page is looked at, and when somebody comes back to it. */
export function keepAlive(ended) {
  if (!lastRenewed()) localStorage.setItem(RENEWED, Date.now()); // just signed in: the cookies are fresh
  const check = async () => {
    if (document.hidden || Date.now() - lastRenewed() < RENEW_AFTER) return;
    if (!(await renew().catch(() => true))) ended(); // no answer is no end
  };
  check();
  setInterval(check, 60 * 1000);
  document.addEventListener("visibilitychange", check);
}

function lastRenewed() {
  return Number(localStorage.getItem(RENEWED));
}

// What a page asks by itself while nobody is at it must not keep the session alive: idle is idle.
const PRESENT_FOR = 60 * 1000;
let touchedAt = Date.now();
for (const sign of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"])
  addEventListener(sign, () => (touchedAt = Date.now()), { passive: true, capture: true });

/** What a request has to say of that. */
export function backgroundHeaders() {
  return Date.now() - touchedAt > PRESENT_FOR ? { "X-Sluice-Background": "1" } : {};
}

async function send(path, init) {
  try {
    return await fetch(path, { ...init, headers: { ...init.headers, ...backgroundHeaders() } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { code: "OFFLINE" });
  }
}

async function errorOf(response) {
  const body = await response.json().catch(() => null);
  return body?.error;
}
