/**
 * The page of one parcel. It shows, in turn, the address in the notice, the question about its server, the six words,
 * and the opened parcel.
 *
 * The page sends the server nothing before the person presses a button. When the keys lock or the person leaves, the
 * page deletes the parcel's key and content.
 */
import { createAnswer } from "../../wasm_build/parcels/answer_form.js";
import { codeOf, parcelSentence, remedyFor, wordsSentence } from "../../wasm_build/parcels/failures.js";
import { OpenedParcel } from "../../wasm_build/parcels/opened_parcel.js";
import { ParcelReader } from "../../wasm_build/parcels/parcel_reader.js";
import { ParcelRequests } from "../../wasm_build/parcels/requests.js";
import { createFailureView, createStartView } from "../../wasm_build/parcels/start_view.js";
import { secretOf } from "../../wasm_build/parcels/typed_words.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { setTitle } from "../../wasm_build/ui/page_title.js";
import { whileBusy } from "../../wasm_build/ui/dom.js";
import { EvidenceStore } from "../../wasm_build/vault/server/lookups.js";
import { openVault } from "../../wasm_build/vault/owner/vault.js";
import { SealedSession } from "../../wasm_build/vault/storage/session.js";
import { api } from "../shared/api.js";
import { directoryPattern } from "../shared/directory_address.js";
import { errorText, translate } from "../texts/texts.js";
import { kept } from "../shared/kept_preferences.js";
import { RequestError } from "../shared/messages.js";
import { ask, whenLocked } from "../shared/request.js";
import { createAddressView } from "./address_view.js";
import { KeyVault } from "./key_vault.js";
import { DRAWING } from "./opened_parcel.js";
import { OwnKeyForm } from "./own_key.js";
import { createServerView } from "./server_view.js";

/** @typedef {import("../../wasm_build/parcels/parcel_host.js").ParcelHost} ParcelHost */
/** @typedef {import("../../wasm_build/parcels/parcel_host.js").ParcelView} ParcelView */
/** @typedef {import("../../wasm_build/parcels/notice_address.js").NoticeAddress} NoticeAddress */

/** @implements {ParcelHost} */
export class ParcelTab {
  #main;
  #place;
  #close;
  #announcer;
  #session = new SealedSession();
  #evidence = new EvidenceStore();
  /** @type {ReturnType<typeof openVault> | null} */
  #vault = null;
  /** The address in the notice. The page deletes the six words in it after their use. @type {NoticeAddress | null} */
  #address = null;
  /** @type {ParcelView | null} */
  #view = null;
  /** The server in the notice, after the first request to it. @type {Promise<ParcelRequests> | null} */
  #server = null;
  /** Gives up the permission for a server that is not in the list of checked sites. */
  #giveBack = async () => {};
  /** A complaint about a parcel looks up the server first. @type {ParcelHost["requests"]} */
  requests = { complain: async (id, reason) => (await this.#askServer()).complain(id, reason) };
  /** Null, because in some browsers a page of the extension has no service worker. */
  saveByWorker = null;

  /**
   * @param {{
   *   main: HTMLElement, place: HTMLElement, close: HTMLElement, announcer: HTMLElement,
   *   translate: import("../../wasm_build/ui/catalogue.js").Catalogue,
   * }} parts
   */
  constructor({ main, place, close, announcer, translate }) {
    this.#main = main;
    this.#place = place;
    this.#close = close;
    this.#announcer = announcer;
    this.translate = translate;
  }

  async start() {
    this.#close.textContent = this.translate("parcel_close");
    this.#close.addEventListener("click", () => this.#session.lock("hand"));
    this.#session.addEventListener("locked", (event) =>
      this.#locked(/** @type {import("../../wasm_build/vault/storage/session.js").LockedEvent} */ (event).reason));
    whenLocked(() => this.#session.lock("elsewhere"));
    addEventListener("pagehide", () => this.#session.lock("left"));
    addEventListener("visibilitychange", () => this.#session.check());
    const parcel = new URLSearchParams(location.search).get("parcel") ?? "";
    history.replaceState(null, "", location.pathname);
    const { address } = parcel ? await ask("parcel.claim", { parcel }) : { address: "" };
    this.#show(createAddressView(this, address));
  }

  get id() {
    return this.#address?.id ?? "";
  }

  /** @param {string} said for screen readers */
  announce(said) {
    this.#announcer.textContent = said;
  }

  touch() {
    this.#session.touch();
  }

  async loadAnswer() {
    return createAnswer;
  }

  /** @param {unknown} error */
  sentenceFor(error) {
    return error instanceof RequestError ? errorText(error) : parcelSentence(this.translate, error);
  }

  /** @type {ParcelHost["attempt"]} */
  attempt(button, busyLabel, failure, action) {
    return whileBusy(button, busyLabel, () => {
      failure.textContent = "";
      return action();
    }, (error) => { failure.textContent = this.sentenceFor(error); });
  }

  /** Continues with an address: asks for the six words, or first about the server. @param {NoticeAddress} address */
  async take(address) {
    this.#address = address;
    this.#server = null;
    const [known, isGranted] = await Promise.all([
      ask("parcel.look", { origin: address.origin }), api.permissions.contains({ origins: [directoryPattern(address.origin)] }),
    ]);
    // `isolate` keeps the host's name left-to-right in a right-to-left sentence.
    this.#place.textContent = translate("parcel_server", { host: isolate(address.host) });
    void this.#startVault().catch(() => undefined);
    if (known.isListed && isGranted) this.startAgain();
    else this.#show(createServerView(this, address, { ...known, isGranted }));
  }

  /**
   * Continues after the person has accepted the server. If the server is not in the list of checked sites, the extension gives up
   * its permission once it knows the API's address. It needs no permission for the API, which accepts its requests.
   * @param {NoticeAddress} address @param {{isGranted: boolean, isListed: boolean}} known
   */
  async admit(address, { isGranted, isListed }) {
    const origins = [directoryPattern(address.origin)];
    // The browser asks for the permission only during the click, so nothing may be awaited before.
    if (!isGranted && !(await api.permissions.request({ origins }))) throw new RequestError("directory-not-granted");
    if (!isGranted && !isListed) this.#giveBack = async () => void (await api.permissions.remove({ origins }).catch(() => false));
    this.startAgain();
  }

  /** The requests to the server. The server's pages name the API's address. @returns {Promise<ParcelRequests>} */
  #askServer() {
    if (this.#server) return this.#server;
    const asking = ask("parcel.server", { origin: this.#address?.origin ?? "" }).then(({ api: server }) => new ParcelRequests(server));
    this.#server = asking;
    void asking.catch(() => { this.#server = null; }).finally(() => this.#giveBack());
    return asking;
  }

  /**
   * @param {ParcelRequests} requests @param {ReplyTo<"parcel.judging">} judged the person's trust
   * @param {string} [fingerprint] the fingerprint of the person's certificate, if its key opens the parcel
   */
  #makeReader(requests, { trust }, fingerprint) {
    const judging = (/** @type {import("../../wasm_build/vault/server/trust.js").Evidence} */ evidence = this.#evidence.copy()) =>
      ({ trust: { ...structuredClone(trust), evidence }, at: new Date().toISOString() });
    const vault = async () => {
      const own = await this.#startVault();
      return fingerprint ? new KeyVault(own, fingerprint) : own;
    };
    return new ParcelReader({ requests, session: this.#session, vault, trust: { evidence: this.#evidence, judging } });
  }

  /** @type {ParcelHost["checkWords"]} */
  async checkWords(words) {
    if (!words.trim()) return this.translate("parcel_words_missing");
    try {
      await (await this.#startVault()).call("parcel.check", { words: secretOf(words) });
      return "";
    } catch (error) {
      return wordsSentence(this.translate, error);
    }
  }

  /** @type {ParcelHost["open"]} */
  async open(words) {
    const { id } = this;
    try {
      const problem = await this.checkWords(words);
      if (problem) return problem;
      const [requests, judged] = await Promise.all([this.#askServer(), ask("parcel.judging")]);
      const reader = this.#makeReader(requests, judged);
      const opening = await reader.unlock(id, secretOf(words));
      if (this.id !== id) return "";
      this.#forgetWords();
      this.#show(new OpenedParcel(this, reader, opening, DRAWING));
      return "";
    } catch (error) {
      if (this.id !== id) return "";
      if (remedyFor(error) === "words") return this.sentenceFor(error);
      this.fail(error);
      return "";
    }
  }

  /**
   * Opens the parcel with a key of the person. Rejects with `parcel-not-for-key` if the parcel is not for its certificate.
   * @param {CertificateInfo} identity
   */
  async openByKey({ fingerprint, certificate, addresses, purposes }) {
    const { id } = this;
    const [requests, judged] = await Promise.all([this.#askServer(), ask("parcel.judging")]);
    const reader = this.#makeReader(requests, judged, fingerprint);
    const prove = async () => {
      const { challenge, token } = await requests.challenge(id, certificate);
      const { nonce } = await ask("parcel.answer", { challenge, fingerprint });
      return requests.open(id, { nonce, token });
    };
    try {
      const opening = await reader.unlockByKey(id, { readers: addresses, canSign: purposes?.includes("sign") ?? false, prove });
      if (this.id === id) this.#show(new OpenedParcel(this, reader, opening, DRAWING));
    } catch (error) {
      throw codeOf(error) === "wrong-secret" ? new RequestError("parcel-not-for-key") : error;
    }
  }

  /** Shows an error instead of the parcel, and deletes the parcel. @param {unknown} error */
  fail(error) {
    this.#forgetWords();
    this.#session.lock("hand");
    this.#show(createFailureView(this, error));
    this.announce(this.sentenceFor(error));
  }

  startAgain() {
    this.#showStart(this.#address?.words ?? "");
  }

  /** @param {string} words @param {{note?: string}} [options] */
  #showStart(words, options) {
    const view = createStartView(this, words, options);
    this.#show(view);
    void OwnKeyForm.make(this).then((form) => form && view.element.append(form.element), () => {});
  }

  /** Goes back to the field for the address. */
  leave() {
    this.#address = null;
    this.#place.textContent = "";
    this.#show(createAddressView(this, ""));
  }

  #forgetWords() {
    if (this.#address) this.#address = { ...this.#address, words: "" };
  }

  /** @param {import("../../wasm_build/vault/storage/session.js").LockReason} reason */
  #locked(reason) {
    this.#evidence.clear();
    void this.#vault?.then((vault) => vault.retire(), () => undefined);
    const idle = this.translate(reason === "idle" ? "parcel_closed_idle" : "parcel_closed");
    const note = reason === "elsewhere" ? translate("parcel_locked") : idle;
    this.#showStart("", { note });
    this.announce(note);
  }

  /** @param {ParcelView} view */
  #show(view) {
    this.#view?.close?.();
    this.#view = view;
    this.announce("");
    this.#main.replaceChildren(view.element);
    setTitle(this.translate, view.titleKey ?? "parcel_title");
    if (view.focus) view.focus();
    else view.heading.focus();
    this.#close.hidden = !(view instanceof OpenedParcel);
  }

  #startVault() {
    this.#vault ??= kept().then(({ strict }) => openVault({ base: new URL(api.runtime.getURL("runtime/")), strict }));
    this.#vault.catch(() => { this.#vault = null; });
    return this.#vault;
  }
}
