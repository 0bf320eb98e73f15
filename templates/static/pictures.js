/* Photos as the viewer shows them: an encrypted WebP is fetched, decrypted here and kept for a few steps. */

import { Problem, request } from "./session.js";

const IV_BYTES = 16;
const KEPT = 5;
const kept = new Map(); // stream -> promise of an address, the oldest first

/** Return the address of the picture of a stage (its data-stream and data-delivery). */
export function addressOf({ stream, delivery }) {
  if (delivery !== "image") return Promise.resolve(stream);
  const found = kept.get(stream) ?? decrypted(stream);
  kept.delete(stream);
  kept.set(stream, found);
  found.catch(() => kept.delete(stream));
  if (kept.size > KEPT) drop(kept.keys().next().value);
  return found;
}

/** Have it ready before it is asked for. */
export async function preload(stage) {
  const image = new Image();
  image.src = await addressOf(stage);
  await image.decode();
}

function drop(stream) {
  kept.get(stream).then(URL.revokeObjectURL, () => {});
  kept.delete(stream);
}

/** On the wire it is IV || AES-128-CBC; the key comes from its own address. */
async function decrypted(stream) {
  const response = await request(stream);
  const keyUrl = response.headers.get("X-Sluice-Key-Url");
  const [body, key] = await Promise.all([response.arrayBuffer(), importKey(keyUrl)]);
  const iv = body.slice(0, IV_BYTES);
  const plain = await crypto.subtle.decrypt({ name: "AES-CBC", iv }, key, body.slice(IV_BYTES)).catch(() => {
    throw new Problem(0, { code: "MEDIA_003" });
  });
  return URL.createObjectURL(new Blob([plain], { type: "image/webp" }));
}

async function importKey(url) {
  const raw = await (await request(url)).arrayBuffer();
  return crypto.subtle.importKey("raw", raw, "AES-CBC", false, ["decrypt"]);
}
