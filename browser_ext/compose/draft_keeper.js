/** Stores the letter as a sealed draft after a pause in typing, and when the window loses the focus. */

import { DraftPause } from "../../wasm_build/writing/draft_pause.js";

/** @typedef {import("./courier.js").Courier} Courier */
/** @typedef {import("./courier.js").Draft} Draft */
/** @typedef {"kept" | "locked" | "failed" | "pending" | "none"} DraftState */

export class DraftKeeper {
  /** @type {DraftState} */
  state = "none";
  #id = "";
  #courier;
  #read;
  #onState;
  #pause = new DraftPause(() => void this.keepNow());
  #filesChanged = false;
  /**
   * Settles when the latest draft is stored. Drafts are stored one after the other, so that an older text cannot
   * replace a newer one.
   * @type {Promise<void>}
   */
  #turn = Promise.resolve();
  #ended = false;

  /**
   * @param {Courier} courier
   * @param {() => Draft & {identity: string}} read returns the content of the window
   * @param {(state: DraftState) => void} onState
   */
  constructor(courier, read, onState) {
    this.#courier = courier;
    this.#read = read;
    this.#onState = onState;
    addEventListener("beforeunload", (event) => {
      if (this.state !== "none" && this.state !== "kept") event.preventDefault();
    });
  }

  /** The id of the letter's draft. It exists even before the draft is stored. */
  get id() {
    this.#id ||= crypto.randomUUID();
    return this.#id;
  }

  /** Whether the latest text could not be stored. Unlocking the keys may help. */
  get isRefused() {
    return this.state === "locked" || this.state === "failed";
  }

  /** Stores the changed letter after a pause in typing. @param {{files?: boolean}} [changed] */
  changed({ files = false } = {}) {
    if (this.#ended) return;
    this.#filesChanged ||= files;
    this.#show("pending");
    this.#pause.restart();
  }

  keepNow() {
    this.#pause.cancel();
    this.#turn = this.#turn.then(() => this.#keep());
    return this.#turn;
  }

  /** Opens a stored draft. Later versions of the letter replace this draft. @param {string} id */
  async restore(id) {
    const letter = await this.#courier.restore(id, "letter");
    const files = await this.#courier.restore(id, "files");
    this.#id = id;
    this.#show("kept");
    return { letter, files };
  }

  /** Deletes the draft of a letter that was sent or discarded. */
  async end() {
    this.#ended = true;
    this.#pause.dispose();
    await this.#turn;
    if (this.#id) await this.#courier.drop(this.#id);
    this.#show("none");
  }

  async #keep() {
    if (this.#ended || this.state === "none" || this.state === "kept") return;
    const id = this.id;
    this.state = "kept";
    const { letter, files, identity } = this.#read();
    const withFiles = this.#filesChanged;
    this.#filesChanged = false;
    try {
      const parts = await this.#courier.keep(id, "letter", letter, identity)
        && (!withFiles || await this.#courier.keep(id, "files", files, identity));
      if (!parts) this.#retry("locked", withFiles);
    } catch {
      this.#retry("failed", withFiles);
    }
    this.#onState(this.state);
  }

  /** @param {DraftState} state @param {boolean} withFiles */
  #retry(state, withFiles) {
    this.#filesChanged ||= withFiles;
    this.state = state;
  }

  /** @param {DraftState} state */
  #show(state) {
    this.state = state;
    this.#onState(state);
  }
}
