/* Several files as one ZIP: ask for it, wait while it is prepared, and let the browser download it. */

import { Problem, json } from "./session.js";

const LOOK_EVERY = 1000; // ms

/** `tell` says how it goes, and what had to be left out; throws a Problem when there is no archive. */
export async function downloadZip(ids, tell) {
  tell("Putting the ZIP together …");
  const made = await json("/v1/files/batch-download", { media_ids: ids, skip_missing: true });
  await prepared(made, tell);
  location.assign(made.url);
  tell(["The download has begun.", leftOut(made.skipped)].filter(Boolean).join(" "));
}

/** The first time a file is packed its checksum is read; afterwards it is known. */
async function prepared({ url, state, percent, error }, tell) {
  if (state === "failed") throw new Problem(500, { message: error ?? "The ZIP could not be prepared." });
  if (state === "ready") return;
  tell(`Reading the files, ${Math.round(percent)} % …`);
  await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  const status = new URL(url, location.href);
  status.search = "?status";
  await prepared({ ...(await json(status)), url }, tell);
}

function leftOut(skipped) {
  if (!skipped.length) return "";
  const [{ reason }] = skipped;
  const names = skipped.map(({ name, key }) => name || key);
  return `Left out: ${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}. ${reason}`;
}
