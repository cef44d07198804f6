/**
 * Keeps the letter of the writing view as a draft after a pause in typing: first in this browser, then in the
 * mailbox. A failed upload is tried again automatically. If another tab or device has changed, sent or deleted the draft, the
 * letter continues as a second draft, so that neither version is lost.
 */

import { DraftPause } from "../../../wasm_build/writing/draft_pause.js";
import { DraftChanged, newDraft } from "./draft_store.js";

/** @typedef {import("../../../wasm_build/writing/draft_content.js").DraftContent} DraftContent */
/** @typedef {import("./draft_store.js").Held} Held */
/** @typedef {import("../../../wasm_build/ui/draft_message.js").DraftParts} DraftParts */
/**
 * `device`: in this browser and not in the mailbox; `mailbox`: in the mailbox, because this browser refused the draft;
 * `perhaps-sent`: in this browser only, because the message was perhaps sent.
 * @typedef {"none" | "pending" | "saved" | "device" | "mailbox" | "perhaps-sent" | "locked" | "failed"} DraftState
 */
/** @typedef {{state: DraftState, reason: string, isCopy: boolean}} DraftNews `reason` is the code of the error */

const FIRST_RETRY_MILLISECONDS = 5_000;
const LONGEST_RETRY_MILLISECONDS = 60_000;
const REPEATS_MILLISECONDS = [0, 3_000, 15_000];
/** Errors of the mailbox that another try cannot solve. */
const LASTING = new Set(["draft-too-large", "message-too-large", "not-offered", "session-ended", "bad-argument"]);

export class DraftKeeper {
  /** @type {DraftNews} */
  news = { state: "none", reason: "", isCopy: false };
  #store;
  #read;
  #onNews;
  /** @type {Held} */
  #held;
  /** The numbers of changes: of the letter, of the version in this browser, and of the version in the mailbox. */
  #changes = 0;
  #here = 0;
  #there = 0;
  /** The version that was sealed last. @type {{at: number, parts: DraftParts} | null} */
  #sealed = null;
  /** The code of the error that keeps this browser from storing the draft. */
  #refusal = "";
  #mayBeSent;
  /** Whether a message of the draft was perhaps sent before this view continued the draft. */
  #wasPerhapsSent;
  #isPaused = false;
  #pause = new DraftPause(() => void this.keepNow());
  #retry = 0;
  #retryMilliseconds = FIRST_RETRY_MILLISECONDS;
  /** Versions are sealed one after the other, so that an older version cannot replace a newer version. @type {Promise<void>} */
  #turn = Promise.resolve();
  /** @type {Promise<void> | null} */
  #uploading = null;
  #closing = new AbortController();

  /**
   * @param {import("./draft_store.js").DraftStore} store
   * @param {() => DraftContent} read returns the content of the letter
   * @param {(news: DraftNews) => void} onNews
   * @param {import("./draft_store.js").OpenedDraft | null} draft the draft that is continued
   */
  constructor(store, read, onNews, draft) {
    this.#store = store;
    this.#read = read;
    this.#onNews = onNews;
    this.#held = draft?.held ?? newDraft();
    this.#mayBeSent = draft?.mayBeSent ?? false;
    this.#wasPerhapsSent = this.#mayBeSent;
    if (draft) this.news.state = this.#mayBeSent ? "perhaps-sent" : "saved";
    addEventListener("online", () => this.retry(), { signal: this.#closing.signal });
  }

  get id() {
    return this.#held.id;
  }

  /** Whether this letter has a draft, or a first draft is about to be kept. */
  get isBegun() {
    return this.news.state !== "none";
  }

  /** Whether the letter is being sent, or was sent. */
  get isPaused() {
    return this.#isPaused;
  }

  /** Whether the latest text is kept outside this page. */
  get isKept() {
    return Math.max(this.#here, this.#there) === this.#changes;
  }

  /** Keeps the changed letter after a pause in typing. */
  changed() {
    this.#changes += 1;
    if (this.#isPaused) return;
    this.#show("pending");
    this.#pause.restart();
  }

  /** Keeps all changes now. Resolves when they are kept outside this page, or cannot be kept. */
  async keepNow() {
    this.#pause.cancel();
    this.#turn = this.#turn.catch(() => undefined).then(() => this.#keep());
    await this.#turn;
    if (!this.isKept) await this.#uploading;
  }

  /** Tries again after a failure, because the keys were unlocked, the network is back, or the person has signed in. */
  retry() {
    this.#retryMilliseconds = FIRST_RETRY_MILLISECONDS;
    if (this.#isPaused || this.news.state === "none") return;
    if (this.#sealed?.at === this.#changes) void this.#upload();
    else void this.keepNow();
  }

  /**
   * Stops the keeping, and prepares the sending of the letter. Rejects with DraftChanged if the letter was perhaps sent
   * elsewhere.
   * @param {import("./draft_store.js").SendingOptions} options
   */
  async prepareSending({ isAgreed, mayWait }) {
    await this.#stop();
    if (this.news.state === "none") return;
    if (!isAgreed && (this.news.isCopy || this.#wasPerhapsSent)) throw new DraftChanged();
    await this.#store.prepareSending(this.#held, { isAgreed, mayWait });
  }

  /** Continues the keeping after a failed sending, or after one whose result is unknown. @param {{mayBeSent: boolean}} outcome */
  resume({ mayBeSent }) {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#mayBeSent = mayBeSent;
    if (this.news.state === "none") return;
    this.#changes += 1;
    void this.keepNow();
  }

  /**
   * Ends the keeping when the view closes. An upload that has begun goes on. A waiting upload is made at the next listing of
   * drafts.
   */
  dispose() {
    this.#closing.abort();
    this.#pause.dispose();
    clearTimeout(this.#retry);
    this.#isPaused = true;
  }

  /** Deletes the draft of a letter that was sent. */
  async end() {
    await this.#stop();
    // A browser that keeps drafts notes the deletion, and repeats it at the next listing of drafts.
    for (const milliseconds of this.#store.keepsHere ? [0] : REPEATS_MILLISECONDS) {
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      if (await this.#store.drop(this.#held).then(() => true, () => false)) return;
    }
  }

  /**
   * Deletes the draft. The returned function brings it back.
   * @returns {() => Promise<import("./draft_store.js").ListedDraft>}
   */
  discard() {
    const content = this.#read();
    const dropping = this.#stop().then(async () => {
      const parts = this.#sealed?.at === this.#changes ? this.#sealed.parts : await this.#store.seal(this.#held, content);
      await this.#store.drop(this.#held).catch(() => undefined);
      return parts;
    });
    // If this fails, the error is reported when the person wants the draft back.
    dropping.catch(() => undefined);
    return async () => this.#store.putBack(this.#held, await dropping);
  }

  async #stop() {
    this.#isPaused = true;
    this.#pause.cancel();
    clearTimeout(this.#retry);
    await this.#turn;
    await this.#uploading;
  }

  async #keep() {
    // A continued draft without changes is not written again, because another tab may have opened it too.
    if (this.#isPaused || this.news.state === "none" || this.isKept || this.#sealed?.at === this.#changes) return;
    const at = this.#changes;
    try {
      await this.#keepVersion(at);
      if (this.#mayBeSent && this.#here === at && at === this.#changes) this.#show("perhaps-sent");
      void this.#upload();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Seals the letter as it is now, and keeps it in this browser. @param {number} at @returns {Promise<void>} */
  async #keepVersion(at) {
    const parts = await this.#store.seal(this.#held, this.#read());
    if (this.#store.keepsHere) {
      try {
        await this.#store.keepHere(this.#held, parts, { mayBeSent: this.#mayBeSent });
        this.#here = at;
        this.#refusal = "";
      } catch (error) {
        if (error instanceof DraftChanged) {
          this.#goOnAsCopy();
          return this.#keepVersion(at);
        }
        this.#refusal = codeOf(error) || "storage-refused";
      }
    }
    this.#sealed = { at, parts };
  }

  /** Uploads the version that was sealed last. If a newer version was sealed meanwhile, uploads that too. */
  #upload() {
    clearTimeout(this.#retry);
    this.#uploading ??= this.#uploadAll().finally(() => { this.#uploading = null; });
    return this.#uploading;
  }

  async #uploadAll() {
    // A draft that was perhaps sent is not uploaded, so that other devices do not offer it.
    while (this.#sealed && this.#sealed.at > this.#there && !(this.#mayBeSent && this.#store.keepsHere)) {
      const { at, parts } = this.#sealed;
      try {
        await this.#store.upload(this.#held, parts);
        this.#there = at;
        this.#retryMilliseconds = FIRST_RETRY_MILLISECONDS;
        if (at === this.#changes) this.#show(this.#refusal ? "mailbox" : "saved", this.#refusal);
      } catch (error) {
        if (!(error instanceof DraftChanged)) return this.#uploadFailed(error);
        if (this.#isPaused) return;
        const replaced = { ...this.#held };
        this.#goOnAsCopy();
        this.#turn = this.#turn.then(() => this.#keepVersion(this.#changes)).catch((failure) => this.#fail(failure));
        await this.#turn;
        if (!this.#sealed || this.#sealed.parts === parts) return;
        await this.#store.forgetRevision(replaced);
      }
    }
  }

  #goOnAsCopy() {
    this.#held = newDraft();
    this.#mayBeSent = false;
    this.#there = this.#here = 0;
    this.news = { ...this.news, isCopy: true };
  }

  /** @param {unknown} error */
  #uploadFailed(error) {
    const code = codeOf(error);
    if (this.#isPaused) return;
    if (this.#sealed?.at === this.#changes) this.#show(this.#here === this.#changes ? "device" : "failed", code);
    if (LASTING.has(code)) return;
    this.#retry = window.setTimeout(() => void this.#upload(), this.#retryMilliseconds);
    this.#retryMilliseconds = Math.min(2 * this.#retryMilliseconds, LONGEST_RETRY_MILLISECONDS);
  }

  /** @param {unknown} error */
  #fail(error) {
    const code = codeOf(error);
    if (!code) throw error;
    this.#show(code === "locked" ? "locked" : "failed", code);
  }

  /** @param {DraftState} state @param {string} [reason] */
  #show(state, reason = "") {
    this.news = { ...this.news, state, reason };
    this.#onNews(this.news);
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return String(/** @type {{code?: string}} */ (error ?? {}).code ?? "");
}
