/* The administrators' list of who is watching what (partials/streams-now.html). */

import { follow } from "./events.js";
import { showMoments } from "./moments.js";
import { json } from "./session.js";

const LOOK_EVERY = 30 * 1000; // a stream that ends by itself says nothing
const box = document.querySelector("[data-streams-now]");

follow(["streams", "sessions"], draw);
setInterval(() => document.hidden || draw(), LOOK_EVERY);
box.addEventListener("click", ({ target }) => target.closest("[data-end]") && end(target.closest("[data-end]")));

async function draw() {
  const found = await json("/api/admin/streams").catch(() => null);
  if (!found) return;
  const focused = box.contains(document.activeElement) && document.activeElement.dataset.end;
  box.querySelector("[data-list]").replaceChildren(...found.data.map(row));
  box.querySelector("[data-none]").hidden = found.data.length > 0;
  box.querySelector("[data-count]").textContent = found.data.length || "";
  showMoments(box);
  if (focused) box.querySelector(`[data-end="${CSS.escape(focused)}"]`)?.focus();
}

function row(stream) {
  const item = box.querySelector("[data-row]").content.cloneNode(true).firstElementChild;
  const link = item.querySelector("[data-media]");
  link.textContent = stream.name;
  link.href = `/watch/${stream.media_id}`;
  item.querySelector("[data-facts]").textContent = [who(stream), stream.device_name, stream.rung].filter(Boolean).join(" · ");
  item.querySelector("[data-since]").dateTime = stream.since;
  const use = item.querySelector("[data-icon]");
  const icon = stream.device_type === "visitor" ? "share" : stream.device_type;
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${icon}`));
  const button = item.querySelector("[data-end]");
  button.dataset.end = stream.id;
  button.setAttribute("aria-label", `End ${stream.name} of ${who(stream)}`);
  return item;
}

function who({ username, share_id: share, share_name: name }) {
  return share ? `visitor of ${name || "a share"} (${username})` : username;
}

async function end(button) {
  button.disabled = true;
  await json(`/api/admin/streams/${button.dataset.end}/end`, {}).catch(() => null);
  draw();
}
