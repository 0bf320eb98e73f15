/* The quality menu's view of an hls.js instance: its levels as the `videoRenditions` list (of the media tracks
   proposal) that media-chrome looks for on a media element. */

/** An array-like list of {id, width, height, bitrate}; selectedIndex -1 means "auto". */
export class Renditions extends EventTarget {
  #hls;
  length = 0;

  /** Follow `hls`: its levels appear once its master playlist is read. */
  follow(hls, events) {
    this.#hls = hls;
    hls.on(events.MANIFEST_PARSED, (_, { levels }) => this.#fill(levels));
  }

  get selectedIndex() {
    return this.#hls?.autoLevelEnabled === false ? this.#hls.nextLevel : -1;
  }

  /** The next segment comes in that quality; what is being shown is not interrupted. */
  set selectedIndex(index) {
    this.#hls.nextLevel = index;
    this.dispatchEvent(new Event("change"));
  }

  [Symbol.iterator]() {
    return Array.prototype.values.call(this);
  }

  #fill(levels) {
    for (let index = 0; index < this.length; index += 1) delete this[index];
    levels.forEach(({ width, height, bitrate }, index) => {
      this[index] = { id: `level-${index}`, width, height, bitrate };
    });
    this.length = levels.length;
    this.dispatchEvent(new Event("addrendition"));
  }
}
