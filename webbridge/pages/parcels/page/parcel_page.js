/**
 * The page for the recipient of a parcel: the link, the session, the vault, and the shown view.
 *
 * While the person types the six words, the vault loads. The owner of a certificate may use a key file instead of the
 * words. Until the person presses Open, the page requests only its own files. A lock, and leaving the page, delete the keys
 * and everything that was shown.
 */

import { html, whileBusy } from "../../../../wasm_build/ui/dom.js";
import { parcelSentence, remedyFor, wordsSentence } from "../../../../wasm_build/parcels/failures.js";
import { OpenedParcel } from "../../../../wasm_build/parcels/opened_parcel.js";
import { ParcelReader } from "../../../../wasm_build/parcels/parcel_reader.js";
import { ParcelRequests } from "../../../../wasm_build/parcels/requests.js";
import { createFailureView, createStartView } from "../../../../wasm_build/parcels/start_view.js";
import { secretOf } from "../../../../wasm_build/parcels/typed_words.js";
import { setTitle } from "../../../../wasm_build/ui/page_title.js";
import { lockMark, waxSeal } from "../../../../wasm_build/ui/state_mark.js";
import { overwrite } from "../../../../wasm_build/vault/memory/cleanup.js";
import { PARCEL_ANSWER_INTEGRITY } from "../../../../wasm_build/vault/owner/pinned.js";
import { parcelAnswerUrl, saveWorkerUrl } from "../../../../wasm_build/vault/owner/trusted_scripts.js";
import { SealedSession } from "../../../../wasm_build/vault/storage/session.js";
import { closePreview } from "../../reading/attachment_preview.js";
import { createSkipLink } from "../../app/views/skip_link.js";
import { createVaultLine } from "../../app/views/vault_line.js";
import { VaultState } from "../../app/vault_state.js";
import { keepLanguage } from "../../app/language.js";
import { createLanguageMenu } from "../../settings/language_menu.js";
import { lateScript } from "../../app/late_script.js";
import { PassphraseAdvice } from "../../keys/passphrase_advice.js";
import { TrustKeeper } from "../../trust/trust_keeper.js";
import { takeLink } from "./arrived_link.js";
import { createCertificateView } from "./views/certificate_view.js";
import { StartedVault } from "./started_vault.js";
import { createLinklessView } from "./views/linkless_view.js";
import { drawingOf } from "./views/opened_view.js";
import { removeSaveWorker, saveByWorker } from "./worker_saving.js";

/** @typedef {import("../../../../wasm_build/parcels/link.js").ParcelLink} ParcelLink */
/** @typedef {import("./arrived_link.js").ArrivedLink} ArrivedLink */
/** @typedef {import("../../../../wasm_build/vault/owner/vault.js").Vault} Vault */
/** @typedef {import("../../../../wasm_build/vault/storage/session.js").LockedEvent} LockedEvent */
/** @typedef {import("../../../../wasm_build/parcels/parcel_host.js").ParcelView} ParcelView */

/** A trust list of the server's operator is followed for this visit only, because the page keeps nothing. */
const NO_LIST = { read: () => null, write: () => {} };
const loadAnswerScript = lateScript(parcelAnswerUrl, PARCEL_ANSWER_INTEGRITY);

export class ParcelPage {
  #root;
  #announcer;
  #main = html("main", { class: "main", id: "main" });
  #vaultState = new VaultState();
  #vaultLine;
  #session = new SealedSession();
  #trust = new TrustKeeper(NO_LIST);
  #reader;
  /** @type {StartedVault | null} */
  #started;
  /** @type {Promise<Vault> | null} */
  #vault = null;
  /** The opened link; null without a link. The words in the link are deleted after their use. @type {ParcelLink | null} */
  #link = null;
  /** The words that were looked up last. @type {{words: string, done: Promise<void>} | null} */
  #checked = null;
  /** @type {ParcelView | null} */
  #view = null;
  /** Whether the operator's settings have come. They are requested after the first press on Open. */
  #isTrustKnown = false;

  /**
   * @param {{
   *   root: HTMLElement, announcer: HTMLElement, translate: import("../../app/language.js").PageTexts, base: URL, apiOrigin: string, isChecked: boolean,
   *   started: StartedVault | null,
   * }} options `base` is the folder of the pages; `isChecked`: the extension has compared their files with the signed list;
   *   `started` is the first vault, if its start has already begun
   */
  constructor({ root, announcer, translate, base, apiOrigin, isChecked, started }) {
    this.#started = started;
    this.#root = root;
    this.#announcer = announcer;
    this.translate = translate;
    this.base = base;
    // The server could give a service worker unchecked code, which would get the plaintext.
    this.saveByWorker = isChecked ? null : (/** @type {import("../../../../wasm_build/parcels/saving.js").FileToSave} */ file) => saveByWorker(file, base, saveWorkerUrl);
    this.requests = new ParcelRequests(apiOrigin);
    this.passphraseAdvice = new PassphraseAdvice(() => this.#startVault(), { base: new URL("./runtime/", base) });
    this.#vaultLine = createVaultLine(translate, this.#vaultState);
    this.#reader = new ParcelReader({
      requests: this.requests, session: this.#session, vault: () => this.#startVault(), trust: this.#trust,
    });
  }

  /** @param {ArrivedLink} arrived */
  start(arrived) {
    this.#session.addEventListener("locked", (event) => this.#locked(/** @type {LockedEvent} */ (event).reason));
    // The browser does not load the page anew for another link in the same tab.
    addEventListener("hashchange", () => {
      if (location.hash.length > 1) this.#take(takeLink());
    });
    addEventListener("pagehide", () => this.#session.lock("left"));
    addEventListener("visibilitychange", () => this.#session.check());
    this.#draw();
    this.#take(arrived);
  }

  /** The id of the parcel. */
  get id() {
    return this.#link?.id ?? "";
  }

  touch() {
    this.#session.touch();
  }

  async loadAnswer() {
    await loadAnswerScript();
    const { sealwaxParcelAnswer } =
      /** @type {{sealwaxParcelAnswer: import("../answer/parcel_answer.js").ParcelAnswer}} */ (/** @type {unknown} */ (globalThis));
    return sealwaxParcelAnswer.createAnswer;
  }

  /** Closes the parcel, and deletes everything that was shown of it. */
  lock() {
    this.#session.lock("hand");
  }

  /** @param {string} text for screen readers */
  announce(text) {
    this.#announcer.textContent = text;
  }

  /** @param {unknown} error */
  sentenceFor(error) {
    return parcelSentence(this.translate, error);
  }

  /**
   * Runs the action of a button. If it fails, `failure` shows the sentence of the error.
   * @param {HTMLButtonElement} button
   * @param {string} busyLabel
   * @param {HTMLElement} failure
   * @param {() => Promise<void>} action
   */
  attempt(button, busyLabel, failure, action) {
    return whileBusy(button, busyLabel, () => {
      failure.textContent = "";
      return action();
    }, (error) => { failure.textContent = this.sentenceFor(error); });
  }

  /**
   * Looks the words up in the word lists, without asking the server. Resolves with the sentence for words that cannot be
   * right; "" for words that may be right. Called while the person types, so that Open need not wait for the look-up.
   * @param {string} words
   * @returns {Promise<string>}
   */
  async checkWords(words) {
    if (!words.trim()) return this.translate("parcel_words_missing");
    if (this.#checked?.words !== words) this.#checked = { words, done: this.#reader.checkWords(secretOf(words)) };
    return this.#checked.done.then(() => "", (error) => {
      this.#checked = null;
      return wordsSentence(this.translate, error);
    });
  }

  /**
   * Opens the parcel with these words. Resolves with the sentence to show beside the words; "" if they are right.
   * @param {string} words
   * @returns {Promise<string>}
   */
  async open(words) {
    let problem = "";
    const refusal = await this.#attemptToEnter("words", async (id) => {
      // The words of a link are checked when the key is derived from them. A separate look-up would cost one more
      // Worker.
      problem = words && words === this.#link?.words ? "" : await this.checkWords(words);
      if (!problem) await this.#enter(id, () => this.#reader.unlock(id, secretOf(words)));
    });
    return refusal ? this.sentenceFor(refusal) : problem;
  }

  /**
   * Opens the parcel with a key file. Resolves with the error to show beside the form; null if there is none.
   * @param {File} file
   * @param {import("../../../../wasm_build/vault/storage/session.js").Secret} passphrase is overwritten
   * @returns {Promise<unknown>}
   */
  openByCertificate(file, passphrase) {
    return this.#attemptToEnter("file", async (id) => {
      const bytes = await file.arrayBuffer();
      await this.#enter(id, () => this.#reader.unlockByCertificate(id, bytes, passphrase));
    }).finally(() => overwrite(passphrase.buffer));
  }

  /**
   * Enters the parcel. Resolves with an error that the person can correct in the shown form; shows any other error.
   * @param {"words" | "file"} remedy for the errors that the form shows
   * @param {(id: string) => Promise<void>} enter
   * @returns {Promise<unknown>} null if there is no such error, and also if another parcel was opened meanwhile
   */
  async #attemptToEnter(remedy, enter) {
    const { id } = this;
    try {
      await enter(id);
    } catch (error) {
      if (this.id !== id) return null;
      if (remedyFor(error) === remedy) return error;
      this.fail(error);
    }
    return null;
  }

  /** The button that shows the form for the owner of a certificate. */
  createCertificateButton() {
    return html("button", {
      class: "quiet choice", type: "button", text: this.translate("parcel_certificate_use"), data: { test: "use-certificate" },
      on: { click: () => this.#show(createCertificateView(this)) },
    });
  }

  /** @param {string} id @param {() => Promise<import("../../../../wasm_build/parcels/requests.js").Opening>} unlock */
  async #enter(id, unlock) {
    const learning = this.#learnTrust();
    // If the unlocking fails too, only its error is reported.
    learning.catch(() => {});
    const opening = await unlock();
    await learning;
    if (this.id !== id) return;
    this.#forgetWords();
    this.#show(new OpenedParcel(this, this.#reader, opening, drawingOf(this)));
  }

  /** Shows an error in place of the parcel, and deletes everything that was fetched of the parcel. @param {unknown} error */
  fail(error) {
    this.#forgetWords();
    this.#session.lock("hand");
    this.#show(createFailureView(this, error));
    this.announce(this.sentenceFor(error));
  }

  /** Shows the field for the words again. */
  startAgain() {
    this.#show(createStartView(this, this.#link?.words ?? ""));
  }

  /** @param {ArrivedLink} arrived */
  #take({ link, isBroken }) {
    this.#session.lock("hand");
    this.#link = link;
    this.#show(link ? createStartView(this, link.words) : createLinklessView(this, { isBroken }));
    if (link) void this.#startVault().catch(() => undefined);
  }

  /** The operator's settings decide whose certificates count. Without them nobody is verified. */
  async #learnTrust() {
    if (this.#isTrustKnown) return;
    this.#trust.adoptOperator(await this.requests.config());
    await this.#trust.follow(await this.#startVault());
    this.#isTrustKnown = true;
  }

  #forgetWords() {
    this.#checked = null;
    if (this.#link) this.#link = { id: this.#link.id, words: "" };
  }

  /** @param {import("../../../../wasm_build/vault/storage/session.js").LockReason} reason */
  #locked(reason) {
    closePreview();
    this.#trust.evidence.clear();
    void this.#vault?.then((vault) => vault.retire(), () => undefined);
    void removeSaveWorker(this.base);
    const sentence = this.translate(reason === "idle" ? "parcel_closed_idle" : "parcel_closed");
    this.#show(createStartView(this, "", { note: sentence }));
    this.announce(sentence);
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
    this.#root.querySelector("[data-test=close-parcel]")?.toggleAttribute("hidden", !(view instanceof OpenedParcel));
  }

  #draw() {
    const { translate } = this;
    const close = html("button", {
      type: "button", hidden: !(this.#view instanceof OpenedParcel), data: { test: "close-parcel" }, on: { click: () => this.lock() },
    }, lockMark("", { size: 20 }), translate("parcel_close"));
    const menu = createLanguageMenu(this, (language) => this.#useLanguage(language));
    const bar = html(
      "header", { class: "bar parcel-bar" },
      html("span", { class: "bar-name" }, waxSeal(), "Sealwax"), html("div", { class: "bar-person" }, menu, close),
    );
    const foot = html(
      "footer", { class: "foot parcel-foot" },
      html("p", { text: translate("parcel_convenience"), data: { test: "convenience" } }), this.#vaultLine.element,
    );
    this.#root.replaceChildren(html("div", { class: "frame parcel-frame" }, createSkipLink(translate, this.#main), bar, this.#main, foot));
  }

  /** @param {string} language */
  async #useLanguage(language) {
    if (!(await this.translate.use(language))) return;
    // This may be anybody's computer, so the tab only keeps the choice.
    keepLanguage(language, false);
    this.#vaultLine.draw();
    const renewed = this.#view?.renew?.() ?? null;
    this.#draw();
    if (renewed) this.#show(renewed);
  }

  #startVault() {
    if (this.#vault) return this.#vault;
    const opening = this.#openVault();
    this.#vault = opening;
    opening.catch(() => {
      this.#vault = null;
      this.#vaultState.set("vault_failed");
    });
    return opening;
  }

  async #openVault() {
    this.#vaultState.set("vault_starting");
    const started = this.#started ?? new StartedVault(this.base);
    this.#started = null;
    started.onProgress = (progress) => this.#vaultState.showStart(progress);
    const vault = await started.opening;
    await vault.ready;
    this.#vaultState.set("vault_ready");
    return vault;
  }
}
