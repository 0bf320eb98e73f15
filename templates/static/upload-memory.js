/* What this browser remembers of uploads that are not finished: where they go on, by user. It is the URL storage of
   tus-js-client, and what the page lists after a reload. Signing out forgets it (shell.js). */

const PREFIX = "sluice.upload.";

/** Of one user; each upload is {uploadUrl, size, metadata, creationTime, urlStorageKey, …}. */
export class UploadMemory {
  #prefix;

  constructor(userId) {
    this.#prefix = `${PREFIX}${userId}.`;
  }

  async addUpload(fingerprint, upload) {
    const key = this.#prefix + crypto.randomUUID();
    localStorage.setItem(key, JSON.stringify({ ...upload, fingerprint }));
    return key;
  }

  async removeUpload(key) {
    localStorage.removeItem(key);
  }

  /** Forget what goes on at `url`. */
  async forget(url) {
    for (const upload of await this.findAllUploads()) if (upload.uploadUrl === url) this.removeUpload(upload.urlStorageKey);
  }

  async findAllUploads() {
    return keys(this.#prefix).map(read).filter(Boolean);
  }

  async findUploadsByFingerprint(fingerprint) {
    return (await this.findAllUploads()).filter((upload) => upload.fingerprint === fingerprint);
  }
}

/** What makes the same file the same upload: its name, size and date. Its folder may be unknown when it is chosen again. */
export function fingerprint({ name, size, lastModified }) {
  return [size, lastModified, name].join("/");
}

/** Forget the uploads of everybody who used this browser. */
export function forgetUploads() {
  keys(PREFIX).forEach((key) => localStorage.removeItem(key));
}

function keys(prefix) {
  return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
}

function read(key) {
  try {
    return { ...JSON.parse(localStorage.getItem(key)), urlStorageKey: key };
  } catch {
    return null; // not ours to mend
  }
}
