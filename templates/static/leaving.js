/* A page that is left ends its stream at once, so that it counts no more; one that comes back goes on by itself. */

export function endOnLeaving(media) {
  addEventListener("pagehide", () => navigator.sendBeacon(`/api/streams/${media}/end`));
}
