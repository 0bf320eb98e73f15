/* START HERE for the reader of documents. It runs in a sandboxed frame: an origin of its own, without cookies, that may
   load nothing but the files beside it. Whatever a document does to it, it gets no further than this frame. What it
   shows comes through one port from the page around it (static/document.js). */

import { showPdf } from "./pdf.js";

const main = document.querySelector("main");

addEventListener("message", ({ source, data, ports: [port] }) => source === parent && port && show(data, port), { once: true });
parent.postMessage("ready", "*"); // it says nothing else

async function show({ kind, length, first }, port) {
  try {
    if (kind === "pdf") await showPdf(main, port, length, first);
    else showText(first, length);
    port.postMessage({ shown: true });
  } catch {
    port.postMessage({ failed: true });
  }
}

/** The beginning of a text; never as anything but text. */
function showText(first, length) {
  const text = Object.assign(document.createElement("pre"), { className: "text", textContent: decoded(new Uint8Array(first)) });
  main.replaceChildren(text);
  if (length <= first.byteLength) return;
  const more = `This is its beginning. All of it (${Math.ceil(length / 1024)} KB) is in the download.`;
  main.append(Object.assign(document.createElement("p"), { className: "more", textContent: more }));
}

/** UTF-16 where it says so, else UTF-8 if it is (but for a character that the end cuts in two), else Windows-1252. */
function decoded(bytes) {
  const mark = bytes.length > 1 && (bytes[0] << 8) | bytes[1];
  if (mark === 0xfffe) return new TextDecoder("utf-16le").decode(bytes);
  if (mark === 0xfeff) return new TextDecoder("utf-16be").decode(bytes);
  for (let cut = 0; cut < 4; cut += 1) {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, bytes.length - cut));
    } catch {
      continue;
    }
  }
  return new TextDecoder("windows-1252").decode(bytes);
}
