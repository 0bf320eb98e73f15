/* The sound menu's view of an hls.js instance: its audio tracks as the `audioTracks` list (HTML 4.8.11.10) that
   media-chrome looks for on a media element; most browsers have none of their own. */

class SoundTrack {
  #hls;
  #index;

  constructor(hls, index, { name, lang }) {
    this.#hls = hls;
    this.#index = index;
    this.id = String(index);
    this.kind = "main";
    this.label = name;
    this.language = lang ?? "";
  }

  get enabled() {
    return this.#hls.audioTrack === this.#index;
  }

  /** Only switching one on does something: there is always one. */
  set enabled(on) {
    if (on) this.#hls.audioTrack = this.#index;
  }
}

/** An array-like list of tracks. */
export class SoundTracks extends EventTarget {
  length = 0;

  /** Follow `hls`: its tracks appear once its master playlist is read. */
  follow(hls, events) {
    hls.on(events.AUDIO_TRACKS_UPDATED, (_, { audioTracks }) => this.#fill(hls, audioTracks));
    hls.on(events.AUDIO_TRACK_SWITCHED, () => this.dispatchEvent(new Event("change")));
  }

  [Symbol.iterator]() {
    return Array.prototype.values.call(this);
  }

  #fill(hls, tracks) {
    for (let index = 0; index < this.length; index += 1) delete this[index];
    tracks.forEach((track, index) => {
      this[index] = new SoundTrack(hls, index, track);
    });
    this.length = tracks.length;
    this.dispatchEvent(new Event("addtrack"));
  }
}
