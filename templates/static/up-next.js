/* What comes after a film: a card at its end that goes on by itself, unless one cancels it, has switched that off or
   wants less motion. */

const SECONDS = 10;
const WANTED = "sluice.goes-on"; // "no": the viewer has switched it off
const GO = "sluice.go"; // the film that was asked to play as soon as its page is there

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** Show what is next when `video` ends; begin at once if this page was opened to play. */
export function leadOn(stage, video) {
  if (sessionStorage.getItem(GO) === stage.dataset.media) video.play().catch(() => {}); // the browser may want a click
  sessionStorage.removeItem(GO);
  const card = document.getElementById("end-card");
  if (!card) return;
  wireSwitch();
  video.addEventListener("ended", () => open(card));
  for (const event of ["play", "seeking"]) video.addEventListener(event, () => close(card));
  card.querySelector("[data-cancel]").addEventListener("click", () => {
    close(card);
    stage.querySelector("media-controller").focus();
  });
  card.querySelector("a").addEventListener("click", (event) => {
    event.preventDefault();
    goOn();
  });
}

/** Play the next film, if there is one. */
export function goOn() {
  const next = document.querySelector("#end-card a");
  if (next) playThere(next);
}

/** Follow a link to a film's page and play there. */
export function playThere(link) {
  sessionStorage.setItem(GO, link.dataset.media);
  location.assign(link.href);
}

function open(card) {
  const counts = localStorage.getItem(WANTED) !== "no" && !still.matches;
  card.hidden = false;
  card.querySelector("a").focus({ preventScroll: true });
  if (counts) countDown(card, SECONDS);
  else card.querySelector("[data-countdown]").textContent = "Up next";
}

function countDown(card, seconds) {
  card.querySelector("[data-countdown]").textContent = `Up next in ${seconds} s`;
  if (seconds > 0) card.timer = setTimeout(() => countDown(card, seconds - 1), 1000);
  else if (!document.hidden) goOn();
}

function close(card) {
  clearTimeout(card.timer);
  card.hidden = true;
}

function wireSwitch() {
  const box = document.querySelector("[data-goes-on]");
  box.checked = localStorage.getItem(WANTED) !== "no";
  box.addEventListener("change", () => localStorage.setItem(WANTED, box.checked ? "yes" : "no"));
}
