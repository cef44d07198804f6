/**
 * The client of the bridge (mail, directory).
 *
 * Every failure becomes an ApiError, whose code selects a sentence of the catalogue. Secrets are not kept after the
 * request.
 */

import { ApiError, JSON_TYPE, readAtMost, readJson, request } from "../../../wasm_build/vault/server/json_requests.js";
import { sameAddress } from "../../../wasm_build/ui/formats.js";
import { ACCOUNT_HEADER, AccountRequests, naming } from "../account/account_requests.js";
import { FolderAccess } from "../mail/folder_access.js";
import { readFolders } from "../mail/folder_answers.js";
import { readPage } from "../mail/list_answers.js";
import { apiFolderPath as folderPath, MailChanges } from "../mail/mail_changes.js";
import { ParcelRequests } from "../parcels/parcel_requests.js";
import { FilterRequests } from "../settings/filter_requests.js";
import { PushRequests } from "../settings/push_subscriptions.js";
import { ReloadHalves } from "../keys/reload_halves.js";
import { CertificateRequests } from "../trust/certificate_requests.js";
import { SendingRequests } from "../writing/sending_requests.js";
import { readAccount, readConfig, readOffers, readSessions } from "./service_answers.js";

export { ApiError };

/** @typedef {import("./routes.js").MessageAddress} MessageAddress */
/** @typedef {import("./service_answers.js").BridgeConfig} BridgeConfig */
/** @typedef {import("./service_answers.js").ListedSession} ListedSession */
/** @typedef {import("../mail/folder_answers.js").Folder} Folder */
/** @typedef {import("../mail/list_answers.js").MessagePage} MessagePage */
/** @typedef {import("../../../wasm_build/vault/server/json_requests.js").RequestOptions} RequestOptions */

export const PAGE_OF_MESSAGES = 50;

/** The vault reads no larger message (`MAX_STREAM_BYTES` in `wasm_build/vault/limits.js`). */
const MAX_RAW_BYTES = 536_870_912;

export class BridgeApi {
  #origin;
  #onSessionEnded;
  /**
   * The number of sign-ins of this page. The result of a request that began before the latest sign-in is about an earlier
   * session.
   */
  #signIns = 0;
  /** The account of this page. The browser also sends the cookies of other accounts, which other tabs may show. */
  #account = "";
  /** The account's id, which requests that only read have in their URL. */
  #accountId = "";
  /** Whether the mail server may be asked to sort. This is true until the server refuses. */
  #sorts = true;
  /** The shared addresses from which the person may send; null until the bridge has named them. @type {string[] | null} */
  sharedAddresses = null;
  /** The number of folders in the latest list that cannot be read. */
  foldersLeftOut = 0;
  accounts = new AccountRequests((path, options) => this.#send(path, options));
  /** The requests that change messages and folders, and further lists. */
  changes = new MailChanges((path, options) => this.#json(path, options));
  access = new FolderAccess((path, options) => this.#json(path, options));
  sending = new SendingRequests((path, options) => this.#json(path, options), (path, options) => this.#authorised(path, options));
  certificates = new CertificateRequests((path, options) => this.#json(path, options));
  parcels = new ParcelRequests((path, options) => this.#json(path, options), (path, options) => this.#authorised(path, options));
  push = new PushRequests((path, options) => this.#json(path, options));
  filters = new FilterRequests((path, options) => this.#json(path, options));
  reloadHalves = new ReloadHalves((path, options) => this.#authorised(path, options));

  /** Called when a request of the signed-in account gets no answer. */
  onMissed = () => {};

  /**
   * @param {string} origin
   * @param {() => void} onSessionEnded called when the session has ended on the bridge
   */
  constructor(origin, onSessionEnded) {
    this.#origin = origin;
    this.#onSessionEnded = onSessionEnded;
  }

  /** Rejects if the versions of these pages and the bridge cannot work together. @returns {Promise<BridgeConfig>} */
  async config() {
    const config = readConfig(await this.#json("/api/config"));
    checkVersions(config);
    return config;
  }

  /**
   * Makes requests for an account from now on. While the account's id is unknown, requests name its address.
   * @param {import("../account/account_requests.js").AccountHere} one
   */
  use({ address, account }) {
    this.#account = address;
    this.#accountId = account;
    this.sharedAddresses = null;
  }

  /** The id of the account of this page, or "". */
  get accountId() {
    return this.#accountId;
  }

  /**
   * @param {string} address
   * @param {string} password
   * @returns {Promise<string>} the address as the bridge normalised it
   */
  async signIn(address, password) {
    // `beside`: the sessions of other accounts in this browser go on.
    const body = JSON.stringify({ address, password, beside: true });
    const signedIn = readAccount(await readJson(await this.#send("/api/session", { method: "POST", body, headers: JSON_TYPE })));
    if (!signedIn) throw new ApiError("server-error", "the answer names no account");
    // The bridge may change only the case of the address. With another address, mail would be sent in the name of somebody
    // else.
    if (!sameAddress(signedIn.address, address)) throw new ApiError("other-account", "the answer names another account");
    this.use(signedIn);
    this.#signIns += 1;
    this.#sorts = true;
    return signedIn.address;
  }

  /** Ends the session of this page's account. Rejects if the bridge did not confirm it. */
  async signOut() {
    const address = this.#account;
    this.use({ address: "", account: "" });
    await this.accounts.signOut(address);
  }

  /**
   * The sessions of this account, the latest use first, and the number of all sessions.
   * @returns {Promise<{sessions: ListedSession[], total: number}>}
   */
  async sessions() {
    return readSessions(await this.#json("/api/sessions"));
  }

  /** @param {string} id from the list of sessions */
  async endSession(id) {
    await this.#authorised(`/api/sessions/${encodeURIComponent(id)}`, { method: "DELETE" });
  }

  async endOtherSessions() {
    await this.#authorised("/api/sessions", { method: "DELETE" });
  }

  /** The address of the stream of events of this page's account. */
  get eventsUrl() {
    return `${this.#origin}${this.#withAccount("/api/events")}`;
  }

  /** The id of the session of this page's account. A bridge that is older than these pages gives "". @returns {Promise<string>} */
  async sessionId() {
    const { id } = await this.#json("/api/session");
    return typeof id === "string" ? id : "";
  }

  /** Asks whether the session of this page goes on. Reports the end of the session. */
  async checkSession() {
    await this.#json("/api/session").catch((error) => {
      if (!(error instanceof ApiError)) throw error;
    });
  }

  /**
   * @param {{inBackground?: boolean}} [options] `inBackground`: the request does not count as a use of the session
   * @returns {Promise<Folder[]>} those of a bridge that is older than these pages have no rights
   */
  async folders({ inBackground = false } = {}) {
    const { folders, leftOut } = readFolders(await this.#json(`/api/folders${inBackground ? "?background=1" : ""}`));
    this.foldersLeftOut = leftOut;
    return folders;
  }

  /**
   * One page of messages, the newest date first, or the newest arrival first where the mail server does not sort.
   * @param {string} folder
   * @param {{before?: {uidValidity: number, uid: number}, offset?: number, signal?: AbortSignal}} [options] for a later
   *   page: the number of messages before the page, and the message among them that arrived first. Rejects with
   *   `folder-changed` if the folder has another UIDVALIDITY
   * @returns {Promise<MessagePage>}
   */
  async messages(folder, { before, offset = 0, signal } = {}) {
    const page = await this.#byDate(folder, offset, signal) ?? await this.arrivals(folder, { before, signal });
    if (before && page.uidValidity !== before.uidValidity) throw new ApiError("folder-changed", "numbered anew");
    return page;
  }

  /** @param {string} folder @param {number} offset @param {AbortSignal} [signal] @returns {Promise<MessagePage | null>} */
  async #byDate(folder, offset, signal) {
    if (!this.#sorts) return null;
    const query = new URLSearchParams({ sort: "date", offset: String(offset), limit: String(PAGE_OF_MESSAGES) });
    try {
      const page = readPage(await this.#json(`${folderPath(folder, "messages")}?${query}`, { signal }), PAGE_OF_MESSAGES);
      if (page.total !== undefined) return { ...page, isByDate: true };
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "not-offered") throw error;
    }
    // The mail server does not sort, or the bridge is older than these pages and has ignored the order.
    this.#sorts = false;
    return null;
  }

  /**
   * One page of messages, the newest arrival first.
   * @param {string} folder
   * @param {{before?: {uidValidity: number, uid: number}, signal?: AbortSignal}} [options] `before` for those with a smaller UID
   * @returns {Promise<MessagePage>}
   */
  async arrivals(folder, { before, signal } = {}) {
    const query = new URLSearchParams({ limit: String(PAGE_OF_MESSAGES) });
    if (before !== undefined) {
      query.set("before", String(before.uid));
      query.set("uidValidity", String(before.uidValidity));
    }
    // The limit keeps the bridge from choosing the number of rows, because each row may cause a request for an encrypted
    // subject.
    return readPage(await this.#json(`${folderPath(folder, "messages")}?${query}`, { signal }), PAGE_OF_MESSAGES);
  }

  /**
   * The bytes of a message, as the mail server has them.
   * @param {MessageAddress} address
   * @param {{signal?: AbortSignal, maxBytes?: number}} [options] rejects with `answer-too-large` above `maxBytes`
   */
  async rawMessage({ folder, uidValidity, uid }, { signal, maxBytes = MAX_RAW_BYTES } = {}) {
    return readAtMost(await this.#authorised(folderPath(folder, uidValidity, uid, "raw"), { signal }), maxBytes);
  }

  /**
   * Keeps a draft in the folder for drafts, in place of the earlier ones with its Message-ID.
   * @param {string} message RFC 5322 text
   * @returns {Promise<{folder: string, uidValidity: number, uid: number | null}>}
   */
  keepDraft(message) {
    return this.#json("/api/drafts", { method: "POST", body: message, headers: { "Content-Type": "application/octet-stream" } });
  }

  /** @param {string} messageId */
  async deleteDraft(messageId) {
    await this.#authorised("/api/drafts", { method: "DELETE", body: JSON.stringify({ messageId }), headers: JSON_TYPE });
  }

  /** @param {MessageAddress} address */
  async markSeen({ folder, uidValidity, uid }) {
    await this.changes.setFlags({ folder, uidValidity, uids: [uid] }, { add: ["\\Seen"] });
  }

  /**
   * Returns the limits of the bridge and of the server for outgoing mail: the largest size of a message, and whether
   * addresses may have letters beyond ASCII.
   * @returns {Promise<import("./service_answers.js").SendingOffers>}
   */
  async sendingOffers() {
    const account = this.#account;
    const offers = readOffers(await this.#json("/api/send"));
    if (account === this.#account) this.sharedAddresses = offers.sharedAddresses ?? [];
    return offers;
  }

  /** @returns {Promise<string>} the ticket that proves to the key server that this user owns the address */
  async enrolmentTicket() {
    return (await this.#json("/api/enrolment", { method: "POST" })).ticket;
  }

  /** @returns {Promise<string>} the ticket that starts or finishes a reset of this user's account at the key server */
  async resetTicket() {
    return (await this.#json("/api/enrolment/reset", { method: "POST" })).ticket;
  }

  /**
   * @param {string} path
   * @param {RequestOptions} [options]
   */
  async #json(path, options) {
    return readJson(await this.#authorised(path, options));
  }

  /**
   * @param {string} path
   * @param {RequestOptions} [options]
   */
  async #authorised(path, options) {
    const signIns = this.#signIns;
    try {
      // Each request names the account of this page, so that it cannot get the session of another account. Requests that
      // only read have the account's id in their URL, because a header would cost a preflight request.
      const isChange = Boolean(options?.method);
      if (isChange && !this.#account) throw new ApiError("session-ended", "this page shows no account");
      const isByHeader = isChange || !this.#accountId;
      const headers = isByHeader ? { ...options?.headers, ...naming(this.#account) } : options?.headers;
      const response = await this.#send(isByHeader ? path : this.#withAccount(path), { ...options, headers });
      const account = response.headers.get(ACCOUNT_HEADER);
      if (account !== null && account !== encodeURIComponent(this.#account)) {
        throw new ApiError("session-ended", "another account has signed in in this browser");
      }
      return response;
    } catch (error) {
      if (error instanceof ApiError && error.code === "unreachable") this.onMissed();
      if (!(error instanceof ApiError) || error.code !== "session-ended") throw error;
      if (signIns === this.#signIns) this.#onSessionEnded();
      throw error;
    }
  }

  /** @param {string} path */
  #withAccount(path) {
    return this.#accountId ? `${path}${path.includes("?") ? "&" : "?"}account=${this.#accountId}` : path;
  }

  /**
   * @param {string} path
   * @param {RequestOptions} [options]
   */
  #send(path, options = {}) {
    // Requests that change data have a header that no form of another site can set. The other requests do without this
    // header, which saves a preflight request.
    const headers = options.method ? { ...options.headers, "X-Sealwax": "1" } : options.headers;
    return request(`${this.#origin}${path}`, { ...options, headers, credentials: "include" });
  }
}

/**
 * The version of the API for which these pages were made, and the oldest version of a bridge that they can use. Since
 * version 2, pages also work with a bridge that is one version older, without the routes and members that it lacks. Bridges
 * of version 1 give no version.
 */
const API_VERSION = 2;
const OLDEST_BRIDGE = 2;

/** @param {BridgeConfig} config */
function checkVersions({ apiVersion = 1, oldestPages = 1 }) {
  if (apiVersion < OLDEST_BRIDGE) throw new ApiError("bridge-too-old", `the bridge has version ${apiVersion} of the API`);
  if (oldestPages > API_VERSION) throw new ApiError("pages-too-old", `the bridge wants pages of version ${oldestPages}`);
}
