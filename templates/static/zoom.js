/* How large a photo is shown and which part of it: by wheel, pinch, drag, double click or tap, and by the keys. */

const STEP = 1.5;
const LARGEST = 8; // of its own size
const SWIPE = 60; // px sideways that go to the next photo
const TAP = { ms: 300, px: 24 };
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** `onScale(percent)` hears of the size; `onSwipe("prev" | "next")` of a photo that was pushed aside. */
export class Zoom {
  #frame;
  #photo;
  #heard;
  #scale = 1; // 1: as large as fits
  #at = [0, 0]; // where its middle is from the frame's, in px
  #fingers = new Map();
  #gesture = null;
  #tapped = { at: 0, x: 0, y: 0 };
  #touched = false;

  constructor(frame, photo, heard) {
    this.#frame = frame;
    this.#photo = photo;
    this.#heard = heard;
    frame.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    frame.addEventListener("dblclick", (event) => this.#touched || this.#toggle(this.#from(event)));
    frame.addEventListener("pointerdown", (event) => this.#down(event));
    frame.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) frame.addEventListener(end, (event) => this.#up(event));
    frame.addEventListener("dragstart", (event) => event.preventDefault());
    new ResizeObserver(() => this.#set(this.#scale, this.#at)).observe(frame);
  }

  get magnified() {
    return this.#scale > 1;
  }

  fit() {
    this.#set(1, [0, 0]);
  }

  /** One of the buttons. */
  do(action) {
    const wanted = { in: this.#scale * STEP, out: this.#scale / STEP, full: this.#own, fit: 1 }[action];
    if (wanted !== undefined) this.#to(wanted, [0, 0]);
  }

  /** Move a magnified photo by an arrow key; false if there is nothing to move. */
  pan(key) {
    const way = ARROWS[key];
    if (!way || !this.magnified) return false;
    const step = Math.min(this.#frame.clientWidth, this.#frame.clientHeight) / 5;
    this.#set(this.#scale, [this.#at[0] + way[0] * step, this.#at[1] + way[1] * step]);
    return true;
  }

  /** The scale at which it has its own size. */
  get #own() {
    return this.#photo.naturalWidth / (this.#photo.offsetWidth || 1);
  }

  #toggle(point) {
    this.#to(this.magnified ? 1 : this.#own > 1.01 ? this.#own : 2, point);
  }

  /** Take another scale; what lies at `point` (from the frame's middle) stays there. */
  #to(scale, point) {
    const next = Math.min(Math.max(scale, 1), LARGEST * this.#own);
    const grown = next / this.#scale;
    this.#set(next, point.map((where, axis) => where - (where - this.#at[axis]) * grown));
  }

  #set(scale, at) {
    this.#scale = scale < 1.01 ? 1 : scale;
    const room = (shown, frame) => Math.max(0, (shown * this.#scale - frame) / 2);
    const rooms = [
      room(this.#photo.offsetWidth, this.#frame.clientWidth), room(this.#photo.offsetHeight, this.#frame.clientHeight),
    ];
    this.#at = at.map((value, axis) => Math.min(Math.max(value, -rooms[axis]), rooms[axis]));
    this.#draw();
  }

  #draw(aside = 0) {
    const [x, y] = this.#at;
    this.#frame.classList.toggle("is-magnified", this.magnified);
    this.#photo.style.transform = this.magnified || aside ? `translate(${x + aside}px, ${y}px) scale(${this.#scale})` : "";
    this.#heard.onScale(Math.round(((this.#photo.offsetWidth * this.#scale) / (this.#photo.naturalWidth || 1)) * 100));
  }

  #from({ clientX, clientY }) {
    const box = this.#frame.getBoundingClientRect();
    return [clientX - box.left - box.width / 2, clientY - box.top - box.height / 2];
  }

  /** What it does not need is left to the page: who looks at the facts below scrolls back with it. */
  #wheel(event) {
    if (!this.magnified && !event.ctrlKey && (event.deltaY > 0 || scrollY > 0)) return;
    event.preventDefault();
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 30 : event.deltaY;
    this.#to(this.#scale * Math.exp(-Math.min(Math.max(pixels, -200), 200) / (event.ctrlKey ? 100 : 300)), this.#from(event));
  }

  #down(event) {
    if (event.button !== 0) return;
    this.#touched = event.pointerType === "touch";
    this.#fingers.set(event.pointerId, this.#from(event));
    this.#frame.setPointerCapture(event.pointerId);
    this.#begin();
  }

  /** Remember where a gesture began; a finger that comes or goes begins another one. */
  #begin() {
    const fingers = [...this.#fingers.values()];
    this.#gesture = fingers.length && { ...spread(fingers), scale: this.#scale, at: this.#at, moved: 0, aside: 0 };
  }

  #move(event) {
    if (!this.#fingers.has(event.pointerId)) return;
    this.#fingers.set(event.pointerId, this.#from(event));
    const { middle, distance, scale, at } = this.#gesture;
    const now = spread([...this.#fingers.values()]);
    const moved = [now.middle[0] - middle[0], now.middle[1] - middle[1]];
    this.#gesture.moved = Math.max(this.#gesture.moved, Math.hypot(...moved), Math.abs(now.distance - distance));
    if (this.#fingers.size > 1) this.#pinch(scale * (now.distance / distance), now.middle);
    else if (this.magnified) this.#set(this.#scale, [at[0] + moved[0], at[1] + moved[1]]);
    else if (this.#touched && Math.abs(moved[0]) > Math.abs(moved[1])) this.#draw((this.#gesture.aside = moved[0]));
  }

  #pinch(scale, middle) {
    const { at, scale: before, middle: began } = this.#gesture;
    const grown = Math.max(scale, 1) / before;
    this.#set(Math.max(scale, 1), middle.map((where, axis) => where - (began[axis] - at[axis]) * grown));
  }

  #up(event) {
    if (!this.#fingers.delete(event.pointerId)) return;
    const { moved, aside } = this.#gesture;
    if (event.type === "pointerup" && moved < TAP.px && this.#touched) this.#tap(event);
    if (aside) this.#draw();
    if (event.type === "pointerup" && Math.abs(aside) > SWIPE) this.#heard.onSwipe(aside < 0 ? "next" : "prev", aside);
    this.#begin();
  }

  #tap(event) {
    const before = this.#tapped;
    this.#tapped = { at: event.timeStamp, x: event.clientX, y: event.clientY };
    const near = Math.hypot(event.clientX - before.x, event.clientY - before.y) < TAP.px;
    if (event.timeStamp - before.at > TAP.ms || !near) return;
    this.#tapped.at = 0;
    this.#toggle(this.#from(event));
  }
}

/** The middle of one or two fingers, and how far they are apart. */
function spread([first, second = first]) {
  const middle = [(first[0] + second[0]) / 2, (first[1] + second[1]) / 2];
  return { middle, distance: Math.hypot(first[0] - second[0], first[1] - second[1]) };
}
