/**
 * The stream of events from the bridge: a folder has changed, or the session has ended. The browser connects again by itself
 * when the stream breaks. Without a stream, people check for mail themselves.
 */

/** After an answer that is no stream, such as a proxy's error, the browser does not connect again. */
const AGAIN_MILLISECONDS = 60_000;

/**
 * Dispatches `mail`, whose `detail` is the id of a folder that has changed. Before it comes `back` if there was no stream for
 * a time. After it comes `arrived` if the change is that messages have come.
 */
export class MailEvents extends EventTarget {
  #url;
  #check;
  /** @type {EventSource | null} */
  #source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #waiting;
  #account = "";

  /**
   * @param {string} url
   * @param {() => void} check called when the session seems to have ended, or to be of another account
   */
  constructor(url, check) {
    super();
    this.#url = url;
    this.#check = check;
    // A frozen page hears nothing. Without its stream the bridge sends a push message, if the person wants these.
    document.addEventListener("freeze", () => this.#source?.close());
    document.addEventListener("resume", () => {
      if (this.#source) this.#open(false);
    });
  }

  /**
   * Follows the events of an account, and of no other.
   * @param {string} account
   */
  start(account) {
    if (this.#source && this.#account === account) return;
    this.stop();
    this.#account = account;
    this.#open();
  }

  stop() {
    clearTimeout(this.#waiting);
    this.#source?.close();
    this.#source = null;
  }

  #open(isFirst = true) {
    const source = new EventSource(this.#url, { withCredentials: true });
    this.#source = source;
    this.#on(source, "ready", ({ account, folders }) => {
      // All tabs share a cookie, so the session may be of another account than this page.
      if (account !== this.#account) return this.#end();
      // While there was no stream, anything may have changed.
      if (!isFirst) {
        this.dispatchEvent(new Event("back"));
        for (const folder of folders) this.#tell(folder);
      }
      isFirst = false;
    });
    this.#on(source, "mail", ({ folder }) => this.#tell(folder));
    this.#on(source, "arrived", () => this.dispatchEvent(new Event("arrived")));
    this.#on(source, "session-ended", () => this.#end());
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED || source !== this.#source) return;
      // Many pages do not come back at the same time.
      this.#waiting = setTimeout(() => this.#open(false), AGAIN_MILLISECONDS * (1 + Math.random()));
    });
  }

  /**
   * @param {EventSource} source
   * @param {string} name
   * @param {(members: {account: string, folders: string[], folder: string}) => void} listener
   */
  #on(source, name, listener) {
    source.addEventListener(name, (event) => {
      if (source === this.#source) listener(JSON.parse(/** @type {MessageEvent<string>} */ (event).data));
    });
  }

  #end() {
    this.stop();
    this.#check();
  }

  /** @param {string} folder */
  #tell(folder) {
    this.dispatchEvent(new CustomEvent("mail", { detail: folder }));
  }
}
