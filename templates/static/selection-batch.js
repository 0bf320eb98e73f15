/* One change of several media: as many requests as the server's limit asks for, and one answer. */

import { json } from "./session.js";

const LARGEST = 1000; // of POST /api/media/batch

/** Return {done: [ids], refused: [{id, name, reason}]}. Throws a Problem when the server takes none of it. */
export async function batch(ids, change) {
  const answers = [];
  for (let from = 0; from < ids.length; from += LARGEST) {
    answers.push(await json("/api/media/batch", { media_ids: ids.slice(from, from + LARGEST), ...change }));
  }
  return { done: answers.flatMap(({ done }) => done), refused: answers.flatMap(({ refused }) => refused) };
}

/** Say which were left as they are, and why. */
export function leftOut(refused) {
  if (!refused.length) return "";
  const names = refused.map(({ name }) => name || "something that is not there any more");
  return `Left out: ${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}. ${refused[0].reason}`;
}
