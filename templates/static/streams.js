/* This page's stream among those of its user: ended at once when the page is left (one that comes back goes on by
   itself), and offered in the place of another one where as many are being watched as are allowed. */

import { drawAs } from "./problems.js";

export function wireStream(media) {
  addEventListener("pagehide", () => navigator.sendBeacon(`/api/streams/${media}/end`));
  drawAs("LIMIT_007", async (...shown) => (await import("./take-over.js")).offer(...shown));
}
