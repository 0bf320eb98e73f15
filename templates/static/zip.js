/* Several files as one ZIP: ask for it, wait while it is prepared, and let the browser download it. */

import { json } from "./session.js";

/** `tell` says how it goes; throws a Problem when there is no archive. */
export async function downloadZip(ids, tell) {
  tell("Putting the ZIP together …");
  const made = await json("/v1/files/batch-download", { media_ids: ids });
  location.assign(made.url);
  tell("The download has begun.");
}
