/* hls.js gives its subtitle tracks an empty file in a data: address, which `media-src 'self' blob:` rightly refuses and
   reports. The same empty file as a blob is allowed. */

const REFUSED = "data:,WEBVTT";
const EMPTY = URL.createObjectURL(new Blob(["WEBVTT"], { type: "text/vtt" }));
const src = Object.getOwnPropertyDescriptor(HTMLTrackElement.prototype, "src");

Object.defineProperty(HTMLTrackElement.prototype, "src", {
  ...src,
  set(address) {
    src.set.call(this, address === REFUSED ? EMPTY : address);
  },
});
