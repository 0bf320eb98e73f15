/* The uploads of this page: a few at a time, in the order in which they were added. */

import { Transfer } from "./upload-transfer.js";

const AT_ONCE = 3;

/** Calls `changed(transfer)` for each change of one; `transfers` is what there is to show. */
export class Queue {
  transfers = [];

  constructor(settings, changed) {
    Object.assign(this, { settings, changed });
    addEventListener("online", () => this.transfers.forEach((transfer) => transfer.hurry()));
  }

  /** Add {file, folder}s; a file that an earlier visit left unfinished goes on there. */
  add(found, options) {
    for (const { file, folder } of found) {
      const absent = this.transfers.find((transfer) => transfer.matches(file, folder));
      if (absent) absent.adopt(file);
      else this.#take(new Transfer({ file, name: file.name, size: file.size, folder, options }, this.settings, this.#heard));
    }
    this.#pump();
  }

  /** What an earlier visit left. */
  async remember() {
    for (const upload of await this.settings.memory.findAllUploads()) {
      const transfer = Transfer.remembered(upload, this.settings, this.#heard);
      if (await transfer.ask()) this.#take(transfer);
    }
  }

  remove(transfer) {
    this.transfers = this.transfers.filter((other) => other !== transfer);
    this.#pump();
  }

  pauseAll() {
    for (const transfer of this.transfers) if (transfer.isActive || transfer.state === "queued") transfer.pause();
  }

  resumeAll() {
    for (const transfer of this.transfers) if (transfer.state === "paused") transfer.resume();
  }

  /** All of them together: {count, over, bytes, sent, speed, secondsLeft, unreserved}. */
  totals() {
    const counted = this.transfers.filter(({ state }) => !["absent", "failed"].includes(state));
    const sum = (of) => counted.reduce((total, transfer) => total + of(transfer), 0);
    const bytes = sum(({ size }) => size), sent = sum(({ sent }) => sent), speed = sum(({ speed }) => speed);
    return {
      count: counted.length, over: counted.filter(({ isOver }) => isOver).length, bytes, sent, speed,
      secondsLeft: speed ? (bytes - sent) / speed : null,
      unreserved: sum(({ size, reserved }) => (reserved ? 0 : size)),
    };
  }

  has(...states) {
    return this.transfers.some(({ state }) => states.includes(state));
  }

  #take(transfer) {
    this.transfers.push(transfer);
    this.changed(transfer);
  }

  #heard = (transfer) => {
    this.changed(transfer);
    if (transfer.state !== "sending") this.#pump();
  };

  #pump() {
    const free = AT_ONCE - this.transfers.filter(({ isActive }) => isActive).length;
    const waiting = this.transfers.filter(({ state }) => state === "queued");
    for (const transfer of waiting.slice(0, Math.max(0, free))) transfer.start();
  }
}
