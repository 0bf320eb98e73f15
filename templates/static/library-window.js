/* Of a long library only the rows around the screen are in the page; the others wait as text, and a gap as high as they were
   stands for them: a hundred thousand cards would make any browser slow. */

const KEPT = 4; // screens of rows above and below the one that is looked at
const SLACK = 2; // screens before it is worth it

class End {
  /** `side`: where in the shelf its gap stands. What it holds are {html, height} of rows, the nearest last. */
  constructor(side) {
    this.side = side;
    this.rows = [];
  }

  /** Take `items` out of `shelf`; they were `height` px high. */
  take(shelf, items, height) {
    this.rows.push({ html: items.map((item) => item.outerHTML), height });
    for (const item of items) item.remove();
    this.draw(shelf);
  }

  /** Put the rows back that were taken last. */
  give(shelf) {
    const { html } = this.rows.pop();
    const holder = document.createElement("template");
    holder.innerHTML = html.join(""); // our own markup, as it stood here
    const gap = gapOf(shelf, this.side);
    if (this.side === "above") gap.after(holder.content);
    else gap.before(holder.content);
    this.draw(shelf);
  }

  draw(shelf) {
    const gap = gapOf(shelf, this.side) ?? makeGap(shelf, this.side);
    const height = this.rows.reduce((sum, row) => sum + row.height, 0);
    (gap.firstElementChild ?? gap).style.height = `${height}px`;
    if (!height) gap.remove();
  }
}

const above = new End("above");
const below = new End("below");
let width = 0;

/** The page shows something else: what was taken out belongs to it no more. */
export function forget() {
  above.rows = [];
  below.rows = [];
}

/** Everything that comes after what is shown is back in the page. */
export function restoreEnd(shelf) {
  while (below.rows.length) below.give(shelf);
}

/** Take out what is far from the screen, and put back what has come near. */
export function trim(shelf) {
  if (width && width !== innerWidth) restoreAll(shelf); // other columns: no height is true any more
  width = innerWidth;
  const far = KEPT * innerHeight;
  while (above.rows.length && gapOf(shelf, "above").getBoundingClientRect().bottom > -far) steadily(shelf, () => above.give(shelf));
  while (below.rows.length && gapOf(shelf, "below").getBoundingClientRect().top < innerHeight + far) below.give(shelf);
  const slack = SLACK * innerHeight;
  const items = itemsOf(shelf);
  if (top(items[0]) < -far - slack) takeAbove(shelf, items, -far);
  if (items.length && top(items.at(-1)) > innerHeight + far + slack) takeBelow(shelf, itemsOf(shelf), innerHeight + far);
}

function takeAbove(shelf, items, limit) {
  const end = rowStart(items, items.findIndex((item) => top(item) >= limit));
  const taken = items.slice(0, Math.max(end, 0));
  if (!taken.length || taken.some((item) => item.contains(document.activeElement))) return;
  const height = top(items[end]) - top(items[0]);
  steadily(shelf, () => above.take(shelf, taken, height), items[end]);
}

function takeBelow(shelf, items, limit) {
  const start = rowStart(items, items.findIndex((item) => top(item) >= limit));
  const taken = start > 0 ? items.slice(start) : [];
  if (!taken.length || taken.some((item) => item.contains(document.activeElement))) return;
  below.take(shelf, taken, items.at(-1).getBoundingClientRect().bottom - top(items[start]));
}

function restoreAll(shelf) {
  while (above.rows.length) above.give(shelf);
  restoreEnd(shelf);
}

/** Do `change` without anything moving on the screen. */
function steadily(shelf, change, item = itemsOf(shelf)[0]) {
  const before = top(item);
  change();
  scrollBy(0, top(item) - before);
}

function itemsOf(shelf) {
  return [...shelf.children].filter((item) => !item.matches(".shelf-gap"));
}

function top(item) {
  return item ? item.getBoundingClientRect().top : 0;
}

/** The first of the row that `index` is in; a row is taken or left as a whole, so the others stay in their columns. */
function rowStart(items, index) {
  let start = index;
  while (start > 0 && top(items[start - 1]) === top(items[start])) start -= 1;
  return start;
}

function gapOf(shelf, side) {
  return shelf.querySelector(`.shelf-gap[data-side="${side}"]`);
}

function makeGap(shelf, side) {
  const isTable = shelf.matches("tbody");
  const gap = document.createElement(isTable ? "tr" : "li");
  gap.className = "shelf-gap";
  gap.dataset.side = side;
  gap.ariaHidden = "true";
  if (isTable) gap.append(Object.assign(document.createElement("td"), { colSpan: 9 }));
  if (side === "above") shelf.prepend(gap);
  else shelf.append(gap);
  return gap;
}
