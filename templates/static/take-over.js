/* As many streams as are allowed are being watched: name them, and let one be taken over by this device. */

import { follow } from "./events.js";
import { showMoments } from "./moments.js";
import { json } from "./session.js";

/** Draw the panel into `stage`; `retry` asks for the film again once there is room. */
export function offer(stage, problem, retry) {
  const box = copy("take-over");
  box.querySelector("[data-code]").textContent = problem.code;
  box.querySelector("[data-again]").addEventListener("click", retry);
  stage.append(box);
  const stop = follow(["streams"], () => (box.isConnected ? draw(box, retry) : stop()));
  draw(box, retry);
}

async function draw(box, retry) {
  const found = await json("/api/streams").catch(() => null);
  if (!found) return; // no answer now: the next event, or the next look, may bring one
  const streams = found.data;
  const focused = box.querySelector("[data-list]").contains(document.activeElement);
  title(box, streams);
  box.querySelector("[data-list]").replaceChildren(...streams.map((stream) => row(stream, retry)));
  box.querySelector("[data-again]").hidden = streams.length > 0;
  showMoments(box);
  if (focused) box.querySelector("button:not([hidden])")?.focus();
}

function title(box, streams) {
  const others = streams.filter((stream) => !stream.is_current).length;
  const where = others === streams.length ? `${others} other device${others === 1 ? "" : "s"}` : "as many screens as you may";
  box.querySelector("[data-title]").textContent = streams.length ? `You are watching on ${where}` : "There is room again";
  box.querySelector("[data-text]").textContent = streams.length
    ? "That is as much at once as your account allows. What you take over stops there, and goes on here."
    : "Nothing else of yours is being played any more.";
}

function row(stream, retry) {
  const item = copy("take-over-row");
  const device = stream.is_current ? "This device" : stream.device_name;
  item.querySelector("[data-device]").textContent = device;
  item.querySelector("[data-media]").textContent = stream.name;
  item.querySelector("[data-since]").dateTime = stream.since;
  const use = item.querySelector("[data-icon]");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${stream.device_type}`));
  const button = item.querySelector("[data-take]");
  button.setAttribute("aria-label", `Watch here instead of on ${device}: ${stream.name}`);
  button.addEventListener("click", () => take(stream, button, retry));
  return item;
}

async function take(stream, button, retry) {
  button.disabled = true;
  try {
    await json(`/api/streams/${stream.id}/take-over`, {});
  } catch (problem) {
    if (problem.status !== 404) return void (button.disabled = false); // 404: it has ended by itself
  }
  retry();
}

function copy(template) {
  return document.getElementById(template).content.cloneNode(true).firstElementChild;
}
