/* Live events: one stream of the page (GET /api/events) for everybody on it who follows something. An event is a hint:
   ask the server for what it names. Where no stream can be held, the page looks every few seconds instead. */

import { request } from "./session.js";

const AT_MOST_EVERY = 1000; // ms between two calls for one topic
const POLL_EVERY = 5000;
const LET_GO_AFTER = 30 * 1000; // a page that is not looked at holds no stream for longer
const TRY_AGAIN = [2000, 5000, 15000, 60000]; // ms: the n-th refusal in a row waits so long

const followers = new Set();
let source = null;
let polling = null;
let opening = null;
let hiding = null;
let refusals = 0;
let over = false;

/** Call `onChange(topic, data)` for every event of these topics, and `onChange(topic, null)` whenever some may have been
    missed: after every connection, and every five seconds while there is none and the page is looked at. At most one
    call per topic and second; the last one is never left out. Returns a function that stops it. */
export function follow(topics, onChange) {
  const follower = { topics: new Set(topics), call: calm(onChange) };
  followers.add(follower);
  reopen();
  return () => {
    followers.delete(follower);
    reopen();
  };
}

function calm(onChange) {
  const waiting = new Map(); // topic -> {at, timer}
  return (topic, data) => {
    const state = waiting.get(topic) ?? { at: 0, timer: 0 };
    waiting.set(topic, state);
    clearTimeout(state.timer);
    const say = () => {
      state.at = Date.now();
      onChange(topic, data);
    };
    const rest = state.at + AT_MOST_EVERY - Date.now();
    if (rest > 0) state.timer = setTimeout(say, rest);
    else say();
  };
}

function tell(topic, data) {
  for (const { topics, call } of [...followers]) if (topics.has(topic)) call(topic, data);
}

function tellAll() {
  for (const { topics, call } of [...followers]) for (const topic of topics) call(topic, null);
}

function wanted() {
  return [...new Set([...followers].flatMap(({ topics }) => [...topics]))].sort();
}

// --- the stream --------------------------------------------------------------------------------------------------------

/** Connect for what is wanted now, once everybody on the page has said it. */
function reopen(after = 0) {
  clearTimeout(opening);
  opening = setTimeout(open, after);
}

function open() {
  close();
  const topics = wanted();
  if (over || !topics.length || document.hidden) return;
  source = new EventSource(`/api/events?topics=${topics.join()}`);
  for (const topic of topics) source.addEventListener(topic, ({ data }) => tell(topic, JSON.parse(data)));
  source.addEventListener("live", live);
  source.addEventListener("poll", poll);
  source.addEventListener("end", end);
  source.addEventListener("error", () => source?.readyState === EventSource.CLOSED && refused());
}

function close() {
  source?.close();
  source = null;
  clearInterval(polling);
}

function live() {
  refusals = 0;
  clearInterval(polling);
  tellAll();
}

function poll() {
  clearInterval(polling);
  polling = setInterval(() => document.hidden || tellAll(), POLL_EVERY);
}

/** No stream now (too many of them, a restart, a token that ran out): look every few seconds, and try again. */
async function refused() {
  poll();
  const after = TRY_AGAIN[Math.min(refusals++, TRY_AGAIN.length - 1)];
  try {
    await request("/api/auth/me"); // renews what has run out
  } catch (problem) {
    if (problem.status === 401) return end();
  }
  reopen(after);
}

/** The session has ended: nothing more comes, and shell.js says so. */
function end() {
  over = true;
  close();
  document.dispatchEvent(new CustomEvent("sluice:ended"));
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(close, LET_GO_AFTER);
  else if (!source) reopen();
});
addEventListener("pagehide", close);
addEventListener("pageshow", ({ persisted }) => persisted && reopen());
