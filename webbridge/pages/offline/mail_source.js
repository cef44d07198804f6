/**
 * The mail that the views read, from the bridge, or without a connection from the mail that was opened on this device.
 *
 * The bridge is always asked first. Its answers are kept if the person has switched that on.
 */

import { ApiError } from "../app/api.js";
import { timeOf } from "../mail/mail_index.js";

/** @typedef {import("../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../mail/list_source.js").ListedPage} ListedPage */
/** @typedef {import("../app/routes.js").MessageAddress} MessageAddress */
/** @typedef {import("./kept_mail.js").KeptMail} KeptMail */

/** After a request without an answer, the bridge is asked again in this interval. */
const LOOK_MILLISECONDS = 10_000;

/** Dispatches "away" when the views begin to show kept mail, and "back" when the bridge answers again after an unanswered request. */
export class MailSource extends EventTarget {
  #api;
  #kept;
  #isAway = false;
  #timer = 0;

  /** @param {BridgeApi} api @param {KeptMail} kept */
  constructor(api, kept) {
    super();
    this.#api = api;
    this.#kept = kept;
    addEventListener("online", () => { if (this.#timer) void this.#look(); });
  }

  /** Whether the views show kept mail, because the bridge cannot be reached. */
  get isAway() {
    return this.#isAway;
  }

  /** Notes that the bridge could not be reached. */
  leave() {
    if (this.#isAway) return;
    this.#isAway = true;
    this.lookAgain();
    this.dispatchEvent(new Event("away"));
  }

  /** Asks until the bridge answers, after a request without an answer. The views then load the changes since then. */
  lookAgain() {
    this.#timer ||= window.setInterval(() => void this.#look(), LOOK_MILLISECONDS);
  }

  async folders() {
    return this.#firstAsk(() => this.#api.folders(), {
      keep: (folders) => this.#kept.keepFolders(folders), read: () => this.#kept.readFolders(),
    });
  }

  /**
   * The first page of a folder.
   * @param {string} folder
   * @param {() => Promise<ListedPage>} ask
   * @param {boolean} isThreaded
   * @returns {Promise<ListedPage>}
   */
  firstPage(folder, ask, isThreaded) {
    return this.#firstAsk(ask, {
      keep: ({ uidValidity, messages }) => this.#kept.keepList(folder, { uidValidity, messages: messages.map(({ found, ...row }) => row) }),
      read: async () => {
        const list = await this.#kept.readList(folder);
        if (!list) return null;
        const shown = new Set(list.latest.map(({ uid }) => uid));
        const older = list.opened.filter(({ uid }) => !shown.has(uid)).sort((one, other) => timeOf(other) - timeOf(one));
        const opened = new Set(list.opened.map(({ uid }) => uid));
        const messages = [...list.latest, ...older].map((row) =>
          (opened.has(row.uid) ? { ...row, seen: true, flags: [...new Set([...row.flags ?? [], "\\Seen"])] } : row));
        return { uidValidity: list.uidValidity, messages, isAll: true, total: messages.length, token: null, isByDate: true, isThreaded };
      },
    });
  }

  /**
   * @param {MessageAddress} address
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<ArrayBuffer>} rejects with `not-kept-here` without a connection if the message was not opened on this
   *   device
   */
  rawMessage(address, options) {
    // A message is kept when it has been opened, not when it has only been fetched.
    return this.#firstAsk(() => this.#api.rawMessage(address, options), {
      keep: async () => {},
      read: async () => {
        const message = await this.#kept.readMessage(address);
        if (!message && this.#kept.state === "open") throw new ApiError("not-kept-here", "the message was not opened on this device");
        return message;
      },
    });
  }

  /**
   * @template T
   * @param {() => Promise<T>} ask
   * @param {{keep: (answer: T) => Promise<void>, read: () => Promise<T | null>}} instead
   * @returns {Promise<T>}
   */
  async #firstAsk(ask, { keep, read }) {
    try {
      const answer = await ask();
      this.#comeBack();
      void keep(answer);
      return answer;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "unreachable") throw error;
      await this.noteMissed();
      const copy = await read();
      if (copy === null) throw error;
      return copy;
    }
  }

  /** Asks whether the bridge can be reached. Any error answer also shows that it can. */
  async reaches() {
    if (!this.#isAway && navigator.onLine) await this.#look();
    else if (!this.#isAway) this.leave();
    return !this.#isAway;
  }

  /** Whether the bridge cannot be reached, while kept mail is shown instead. */
  async isLost() {
    return (await this.#kept.open().catch(() => false)) && !(await this.reaches());
  }

  /** Notes that the bridge was not reached, if there is mail to show instead. @returns {Promise<boolean>} */
  async noteMissed() {
    if (!(await this.#kept.open().catch(() => false))) return false;
    this.leave();
    return true;
  }

  async #look() {
    try {
      await this.#api.config();
      this.#comeBack();
    } catch (error) {
      if (error instanceof ApiError && error.code === "unreachable") this.leave();
    }
  }

  #comeBack() {
    if (!this.#timer) return;
    this.#isAway = false;
    clearInterval(this.#timer);
    this.#timer = 0;
    this.dispatchEvent(new Event("back"));
  }
}
