/* Sizes, speeds and times left as people say them; decimal, as the server writes them. */

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];
const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

/** 1234567 -> "1.2 MB" */
export function size(bytes) {
  const step = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** step;
  return `${NUMBER.format(value >= 100 ? Math.round(value) : value)} ${UNITS[step]}`;
}

/** Seconds -> "about 3 min left", never more exact than it is known. */
export function timeLeft(seconds) {
  if (seconds < 10) return "a few seconds left";
  if (seconds < 60) return `${Math.ceil(seconds / 10) * 10} s left`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min left`;
  const hours = Math.floor(seconds / 3600);
  return hours < 24 ? `${hours} h ${Math.ceil((seconds % 3600) / 60)} min left` : "more than a day left";
}

/** How fast a growing number of bytes grows: smoothed over a few seconds. */
export class Speed {
  #at = 0;
  #bytes = 0;
  perSecond = 0;

  /** From now on `bytes` are there; what came before says nothing of the speed. */
  restart(bytes) {
    this.perSecond = 0;
    this.#at = performance.now();
    this.#bytes = bytes;
  }

  measure(bytes) {
    const now = performance.now();
    const seconds = (now - this.#at) / 1000;
    if (seconds < 0.5) return;
    const current = Math.max(0, bytes - this.#bytes) / seconds;
    const weight = this.perSecond ? 1 - Math.exp(-seconds / 4) : 1;
    this.perSecond += (current - this.perSecond) * weight;
    this.#at = now;
    this.#bytes = bytes;
  }
}
