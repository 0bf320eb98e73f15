/* Hands a document to the reader in its sandboxed frame (static/reader/): a text's beginning, a PDF's parts as it asks
   for them. The frame has no cookies; it can ask for bytes of this one document and for nothing else. */

import { request } from "./session.js";

const FIRST = { pdf: 1 << 16, text: 100 * 1024 }; // bytes

/** Show the document of `stage`, where the reader can; else its picture and the download stay. */
export function read(stage) {
  const frame = stage.querySelector("iframe");
  if (!frame) return;
  addEventListener("message", ({ source }) => source === frame.contentWindow && open(stage, frame), { once: true });
  frame.src = frame.dataset.src;
}

async function open(stage, frame) {
  const { stream } = stage.dataset;
  const { kind } = frame.dataset;
  const failed = () => stage.classList.remove("is-reading");
  const { port1: port, port2: theirs } = new MessageChannel();
  port.onmessage = async ({ data }) => {
    if (data.failed) return failed();
    if (data.shown) return frame.classList.add("is-shown");
    const bytes = await part(stream, data.begin, data.end).then(({ bytes }) => bytes, () => null);
    if (!bytes) return failed();
    port.postMessage({ begin: data.begin, bytes }, [bytes]);
  };
  try {
    const { bytes: first, length } = await part(stream, 0, FIRST[kind]);
    frame.contentWindow.postMessage({ kind, length, first }, "*", [first, theirs]); // its origin has no name
  } catch {
    failed();
  }
}

/** The bytes from `begin` to before `end`, and how long the whole file is. */
async function part(url, begin, end) {
  const response = await request(url, { headers: { Range: `bytes=${Number(begin)}-${Number(end) - 1}` } });
  const bytes = await response.arrayBuffer();
  const length = Number(response.headers.get("Content-Range")?.split("/")[1] ?? bytes.byteLength);
  return { bytes, length };
}
