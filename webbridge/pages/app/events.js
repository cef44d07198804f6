/**
 * The stream of events from the bridge, which report that a folder has changed or that the session has ended. The browser
 * reconnects by itself when the stream breaks. Where the bridge has no streams, each page asks for the folders itself
 * (`folder_watch.js`).
 *
 * One tab of the browser holds the stream and informs the other tabs. A browser has few connections to a server (six over
 * HTTP/1.1), and streams in all tabs could use them all. When the tab with the stream closes, another tab opens a stream.
 */

import { FolderWatch } from "./folder_watch.js";
import { entriesOf, idOf, membersOf } from "../../../wasm_build/vault/server/answer_values.js";

/**
 * The wait after an answer that is no stream, such as a proxy's error. After such an answer, the browser does not reconnect
 * by itself.
 */
const AGAIN_MILLISECONDS = 60_000;
/** The beginning of the name of the lock and of the channel. The account follows. */
const NAME = "sealwax-events";

const MAX_FOLDERS = 5_000;
const MAX_ID_CHARACTERS = 10_000;

/**
 * The requests that the events need: `eventsUrl` is the address of the account's stream, and `checkSession` is called when the
 * session seems to have ended, or to belong to another account.
 * @typedef {Pick<import("./api.js").BridgeApi, "eventsUrl" | "checkSession" | "folders">} EventRequests
 */
/** @typedef {{name: "mail" | "arrived" | "back" | "session-ended", folder?: string}} Told */

/**
 * Dispatches `mail` when a folder has changed, with the folder's id as `detail`. If there was no stream for a time,
 * dispatches `back` before. If messages have come, dispatches `arrived` afterwards.
 */
export class MailEvents extends EventTarget {
  #api;
  /** @type {EventSource | null} */
  #source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #waiting;
  #account = "";
  #isFollowed = false;
  #folderWatch;
  /** Ends this tab's turn to hold the stream, or its wait for a turn; null while no account is followed. @type {AbortController | null} */
  #turn = null;
  /** The channel on which the tab that holds the stream informs the other tabs. @type {BroadcastChannel | null} */
  #channel = null;

  /** @param {EventRequests} api */
  constructor(api) {
    super();
    this.#api = api;
    this.#folderWatch = new FolderWatch(() => api.folders({ inBackground: true }), (told) => this.#take(told));
    // A frozen page gets no events. Without a stream, the bridge sends push messages, if the person wants them.
    document.addEventListener("freeze", () => this.#endTurn());
    document.addEventListener("resume", () => {
      if (this.#channel) this.#queue(false);
    });
  }

  /**
   * Follows the events of this account only.
   * @param {string} account
   * @param {{hasStream: boolean}} bridge
   */
  start(account, { hasStream }) {
    if (this.#isFollowed && this.#account === account) return;
    this.stop();
    this.#account = account;
    this.#isFollowed = true;
    if (!hasStream) return this.#folderWatch.start();
    const channel = new BroadcastChannel(`${NAME} ${account}`);
    channel.addEventListener("message", ({ data }) => {
      if (channel === this.#channel) this.#take(data);
    });
    this.#channel = channel;
    this.#queue(true);
  }

  stop() {
    this.#isFollowed = false;
    this.#folderWatch.stop();
    this.#endTurn();
    this.#channel?.close();
    this.#channel = null;
  }

  /** Opens a stream as soon as no other tab has one. @param {boolean} isFirst true if no event can have been missed */
  #queue(isFirst) {
    const turn = new AbortController();
    this.#turn = turn;
    const { signal } = turn;
    const ended = new Promise((resolve) => { signal.addEventListener("abort", resolve); });
    const name = `${NAME} ${this.#account}`;
    const hold = async () => {
      this.#open(isFirst);
      await ended;
    };
    void navigator.locks.request(name, { ifAvailable: true }, async (lock) => lock && !signal.aborted && hold())
      .then(() => {
        if (signal.aborted) return undefined;
        // This tab gets the lock when the other tab's stream has ended. Events may have been missed in between.
        isFirst = false;
        return navigator.locks.request(name, { signal }, hold);
      })
      .catch(() => undefined);
  }

  #endTurn() {
    clearTimeout(this.#waiting);
    this.#turn?.abort();
    this.#source?.close();
    this.#source = null;
  }

  /** @param {boolean} isFirst */
  #open(isFirst) {
    const source = new EventSource(this.#api.eventsUrl, { withCredentials: true });
    this.#source = source;
    this.#on(source, "ready", ({ account, folders }) => {
      // A bridge that is older than these pages has one session for all tabs, which may belong to another account.
      if (account !== this.#account) return this.#end();
      // While there was no stream, anything may have changed.
      if (!isFirst) {
        this.#tell({ name: "back" });
        for (const folder of entriesOf(folders, MAX_FOLDERS)) this.#tellMail(folder);
      }
      isFirst = false;
    });
    this.#on(source, "mail", ({ folder }) => this.#tellMail(folder));
    this.#on(source, "arrived", () => this.#tell({ name: "arrived" }));
    this.#on(source, "session-ended", () => this.#tell({ name: "session-ended" }));
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED || source !== this.#source) return;
      // The wait is random, so that many pages do not reconnect at the same time.
      this.#waiting = setTimeout(() => this.#open(false), AGAIN_MILLISECONDS * (1 + Math.random()));
    });
  }

  /**
   * @param {EventSource} source
   * @param {string} name
   * @param {(members: {account?: unknown, folders?: unknown, folder?: unknown}) => void} listener
   */
  #on(source, name, listener) {
    source.addEventListener(name, (event) => {
      if (source === this.#source) listener(readMembers(/** @type {MessageEvent<string>} */ (event).data));
    });
  }

  /** @param {unknown} folder */
  #tellMail(folder) {
    const id = idOf(folder, MAX_ID_CHARACTERS);
    if (id) this.#tell({ name: "mail", folder: id });
  }

  #end() {
    this.stop();
    void this.#api.checkSession();
  }

  /** @param {Told} message */
  #tell(message) {
    this.#channel?.postMessage(message);
    this.#take(message);
  }

  /** @param {Told} told by this tab or another one */
  #take({ name, folder }) {
    if (name === "session-ended") this.#end();
    else if (name === "mail") this.dispatchEvent(new CustomEvent("mail", { detail: folder }));
    else this.dispatchEvent(new Event(name));
  }
}

/** @param {string} data of an event */
function readMembers(data) {
  try {
    return membersOf(JSON.parse(data));
  } catch {
    return {};
  }
}
