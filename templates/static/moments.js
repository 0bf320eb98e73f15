/* Dates as people write them, and "3 minutes ago" where how long ago is what matters. */

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
const LONG_AGO = 7 * 86400; // seconds: from then on a date says more

export function showMoments(root = document) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-as-is])")) {
    const moment = new Date(time.dateTime);
    time.textContent = "ago" in time.dataset ? ago(moment) : DATE.format(moment);
    if ("ago" in time.dataset) time.title = MOMENT.format(moment);
  }
}

function ago(moment) {
  const seconds = (moment - Date.now()) / 1000;
  if (Math.abs(seconds) >= LONG_AGO) return DATE.format(moment);
  const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? [];
  return unit ? RELATIVE.format(Math.round(seconds / length), unit) : "just now";
}
