/**
 * The arrival of mail in Inbox. The number of unread messages is in the page's title and on the icon of the installed page.
 * A notification is shown if the person wants one and does not look at the page.
 */

import { setTitle } from "../../../wasm_build/ui/page_title.js";
import { ApiError } from "../app/api.js";
import { INBOX } from "../app/routes.js";

/** @typedef {import("./folder_answers.js").Folder} Folder */

/** The name of the lock that pages hold while they are visible, so that no other page shows a notification meanwhile. */
const VISIBLE = "sealwax-visible";

export class Arrival {
  #services;
  #titleKey = "mail";
  /** The number of unread messages; null until it is known. @type {number | null} */
  #unread = null;
  /** The id of the inbox, once it is known. */
  #inbox = "";
  /** The request for the folders, which several callers may share. @type {Promise<Folder[]> | null} */
  #shared = null;
  /** The number of requests for the folders. Only the answer to the latest one counts. */
  #requests = 0;
  /** Whether the bridge has reported that messages have come. */
  #hasArrived = false;
  /** Whether messages may have come while there was no stream of the bridge's reports. */
  #mayHaveArrived = false;
  /** Releases the lock that this page holds while it is visible. */
  #hide = () => {};

  /**
   * @param {{
   *   translate: import("../../../wasm_build/ui/catalogue.js").Catalogue, api: import("../app/api.js").BridgeApi,
   *   events: import("../app/events.js").MailEvents, notices: import("../settings/new_mail_notices.js").NewMailNotices,
   * }} services
   */
  constructor(services) {
    const { events } = services;
    this.#services = services;
    events.addEventListener("arrived", () => { this.#hasArrived = true; });
    events.addEventListener("back", () => { this.#mayHaveArrived = true; });
    events.addEventListener("mail", (event) => {
      const { detail } = /** @type {CustomEvent<string>} */ (event);
      if (!this.#inbox || detail === this.#inbox) void this.folders().catch(ignoreRefusal);
    });
    document.addEventListener("visibilitychange", () => this.#visibilityChanged());
    this.#visibilityChanged();
  }

  /** The title of the shown view. @param {string} key of the catalogue */
  set titleKey(key) {
    this.#titleKey = key;
    this.#draw();
    this.#look();
  }

  /** The folders of the account. All callers that handle the same event share one request. */
  folders() {
    this.#shared ??= this.#load();
    // A later event needs a new request, even if this request is not answered yet.
    queueMicrotask(() => { this.#shared = null; });
    return this.#shared;
  }

  async #load() {
    const request = ++this.#requests;
    const folders = await this.#services.api.folders();
    if (request === this.#requests) this.count(folders);
    return folders;
  }

  /** Reads the number of unread messages from the folders. @param {Folder[]} folders */
  count(folders) {
    const inbox = folders.find(({ role }) => role === INBOX);
    if (!inbox) return;
    const hasGrown = this.#unread !== null && inbox.unseen > this.#unread;
    const isNew = inbox.unseen > 0 && (this.#hasArrived || (this.#mayHaveArrived && hasGrown));
    this.#hasArrived = this.#mayHaveArrived = false;
    this.#inbox = inbox.id;
    this.#unread = inbox.unseen;
    this.#draw();
    if (isNew) void this.#tell();
    this.#look();
  }

  /** Removes the number, after the session has ended. */
  forget() {
    this.#unread = null;
    this.#hasArrived = this.#mayHaveArrived = false;
    this.#services.notices.end();
    this.#draw();
  }

  #draw() {
    setTitle(this.#services.translate, this.#titleKey, this.#unread ?? 0);
    // Only an installed page has an icon with a number.
    const marking = this.#unread ? navigator.setAppBadge?.(this.#unread) : navigator.clearAppBadge?.();
    marking?.catch(() => {});
  }

  async #tell() {
    if (document.visibilityState === "visible" || await isAnotherVisible()) return;
    await this.#services.notices.show();
  }

  /** Closes the notification if the person looks at the inbox. */
  #look() {
    const [, name = "", folder = INBOX] = location.hash.slice(1).split("/");
    const isInbox = name === "" || (name === "folder" && [INBOX, encodeURIComponent(this.#inbox)].includes(folder));
    if (isInbox && document.visibilityState === "visible") void this.#services.notices.close();
  }

  #visibilityChanged() {
    this.#hide();
    if (document.visibilityState !== "visible") return;
    this.#look();
    const visible = new Promise((resolve) => { this.#hide = () => resolve(undefined); });
    void navigator.locks?.request(VISIBLE, { mode: "shared" }, () => visible);
  }
}

async function isAnotherVisible() {
  const { held: locks = [] } = await navigator.locks?.query() ?? {};
  return locks.some(({ name }) => name === VISIBLE);
}

/** @param {unknown} error */
function ignoreRefusal(error) {
  // The number stays as it was. The next event asks again.
  if (!(error instanceof ApiError)) throw error;
}
