/* What is selected, by id, with its name: kept for this tab, so that it outlives paging and searching. */

const STORED = "sluice.selected";

class Selection {
  #names = new Map(read());

  get size() {
    return this.#names.size;
  }

  has(id) {
    return this.#names.has(id);
  }

  ids() {
    return [...this.#names.keys()];
  }

  names() {
    return [...this.#names.values()];
  }

  /** Select under a name, or leave out with false. */
  set(id, name) {
    if (name) this.#names.set(id, name);
    else this.#names.delete(id);
    this.#keep();
  }

  clear() {
    this.#names.clear();
    this.#keep();
  }

  #keep() {
    if (this.size) sessionStorage.setItem(STORED, JSON.stringify([...this.#names]));
    else sessionStorage.removeItem(STORED);
  }
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(STORED)) ?? [];
  } catch {
    return [];
  }
}

export const chosen = new Selection();
