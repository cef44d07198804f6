/**
 * The look for changed folders, where the bridge has no stream of events: each minute, when the person comes back to the page,
 * and when the network is back. A page that nobody sees does not ask.
 */

import { ApiError } from "../../../wasm_build/vault/server/json_requests.js";
import { INBOX } from "./routes.js";

/** @typedef {import("../mail/folder_answers.js").Folder} Folder */
/** @typedef {import("./events.js").Told} Told */

const EACH_MILLISECONDS = 60_000;
/** The shortest time between two requests, so that a person who switches windows does not ask at each switch. */
const LEAST_MILLISECONDS = 10_000;

export class FolderWatch {
  #folders;
  #tell;
  /** Ends the watch; null while there is none. @type {AbortController | null} */
  #watch = null;
  /** The folders at the last request, by id; null before the first answer. @type {Map<string, Folder> | null} */
  #known = null;
  #askedAt = 0;

  /**
   * @param {() => Promise<Folder[]>} folders a request that does not count as a use of the session
   * @param {(told: Told) => void} tell
   */
  constructor(folders, tell) {
    this.#folders = folders;
    this.#tell = tell;
  }

  start() {
    const watch = new AbortController();
    const { signal } = watch;
    this.#watch = watch;
    const timer = setInterval(() => this.#askIfSeen(EACH_MILLISECONDS / 2), EACH_MILLISECONDS);
    signal.addEventListener("abort", () => clearInterval(timer));
    for (const name of ["focus", "online"]) addEventListener(name, () => this.#askIfSeen(LEAST_MILLISECONDS), { signal });
    document.addEventListener("visibilitychange", () => this.#askIfSeen(LEAST_MILLISECONDS), { signal });
    void this.#ask();
  }

  stop() {
    this.#watch?.abort();
    this.#watch = null;
    this.#known = null;
  }

  /** @param {number} least the shortest time since the last request */
  #askIfSeen(least) {
    if (document.visibilityState === "visible" && performance.now() - this.#askedAt >= least) void this.#ask();
  }

  async #ask() {
    const watch = this.#watch;
    this.#askedAt = performance.now();
    try {
      const folders = await this.#folders();
      if (watch === this.#watch) this.#compare(folders);
    } catch (error) {
      // The request that is due next asks again. The end of the session is reported where requests are sent.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** @param {Folder[]} folders */
  #compare(folders) {
    const known = this.#known;
    this.#known = new Map(folders.map((folder) => [folder.id, folder]));
    if (known === null) return;
    for (const folder of folders) if (!isUnchanged(folder, known.get(folder.id))) this.#tell({ name: "mail", folder: folder.id });
    const inbox = folders.find(({ role }) => role === INBOX);
    const before = inbox && known.get(inbox.id);
    if (inbox && before && inbox.unseen > before.unseen) this.#tell({ name: "arrived" });
  }
}

/** @param {Folder} folder @param {Folder} [before] */
function isUnchanged({ total, unseen, uidValidity }, before) {
  return before?.total === total && before.unseen === unseen && before.uidValidity === uidValidity;
}
