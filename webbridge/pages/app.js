/**
 * The frame around the views: who is signed in, the lock, which view stands in the page, and where the focus goes.
 *
 * Views get this object and ask it for what they need; it knows no mail and no cryptography itself.
 */

import { openVault } from "./runtime/vault.js";
import { errorSentence } from "./runtime/ui/catalogue.js";
import { lockedBecause } from "./runtime/ui/locked_because.js";
import { BridgeApi, KeyServer } from "./api.js";
import { isKeepingTrouble, KeptTrust } from "./kept_trust.js";
import { KeyRing } from "./keys.js";
import { sameAddress } from "./runtime/ui/formats.js";
import { PasswordMark } from "./password_mark.js";
import { MailVault } from "./mail_vault.js";
import { createFrame } from "./frame.js";
import { createKeysView } from "./views/keys_view.js";
import { MailView } from "./views/mail_view.js";
import { createPeopleView } from "./views/people_view.js";
import { createSignInView } from "./views/sign_in_view.js";
import { createWritingView } from "./views/writing_view.js";
import { FollowedLists, TrustKeeper } from "./trust_keeper.js";

/** @typedef {import("./runtime/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./runtime/session.js").LockReason} LockReason */
/** @typedef {import("./runtime/session.js").LockedEvent} LockedEvent */
/**
 * @typedef {{
 *   element: HTMLElement, heading: HTMLElement, title: string, shown?: () => void, focus?: () => void, close?: () => void,
 * }} View `shown` is called when the view is shown, then `focus`; without that, `heading` takes the focus. `close` is called
 *   when the view goes.
 */
/** @typedef {import("./views/writing_view.js").WritingView} WritingView */
/** @typedef {import("./views/writing_view.js").Proposal} Proposal */

export class App {
  /** @type {string | null} */
  address = null;
  /** Whose keys and letter may still be here. @type {string | null} */
  #lastAddress = null;
  /** Why the keys are locked, when they were unlocked before. @type {LockReason | null} */
  #lockReason = null;
  /** Where a view says what the person should hear. @type {HTMLElement} */
  #announcer;
  /** Whether the last announcement belongs to one place of the pages. */
  #isOfPlace = false;
  /** @type {View | null} */
  #view = null;
  /** The letter that is being written: it outlives views, locks and mail sessions. @type {WritingView | null} */
  #writing = null;
  /** @type {MailView | null} */
  #mail = null;
  /** @type {Promise<import("./runtime/vault.js").Vault> | null} */
  #vault = null;
  #frame;

  /**
   * @param {{
   *   root: HTMLElement, announcer: HTMLElement, translate: Catalogue, apiOrigin: string, keyServerOrigin: string,
   * }} options
   */
  constructor({ root, announcer, translate, apiOrigin, keyServerOrigin }) {
    this.translate = translate;
    this.#announcer = announcer;
    this.api = new BridgeApi(apiOrigin, () => this.#sessionEnded());
    const vault = () => this.#startVault();
    this.keys = new KeyRing(vault);
    // By the pages' own word: a bridge that named another would get what the passphrase was stretched to.
    this.keyServer = new KeyServer(keyServerOrigin);
    this.trust = new TrustKeeper(new FollowedLists(apiOrigin));
    this.mailVault = new MailVault(this.keys.vault, this.keys, this.trust, (lookups, signal) =>
      this.api.askAuthorities(lookups, signal));
    this.kept = new KeptTrust(this.keys.vault, this.keys, this.trust);
    this.maxMessageBytes = Infinity;
    this.#frame = createFrame(this);
    root.replaceChildren(this.#frame.element);
  }

  async start() {
    const [config, address] = await Promise.all([this.api.config(), this.api.whoIsSignedIn()]);
    this.maxMessageBytes = config.maxMessageBytes;
    this.trust.adoptOperator(config);
    this.address = address;
    this.keys.addEventListener("change", () => this.#frame.update());
    this.keys.addEventListener("locked", (event) => this.#locked(/** @type {LockedEvent} */ (event).reason));
    this.kept.addEventListener("change", () => this.#frame.setNotice(noticeOf(this)));
    if (address !== null) await this.#beginKeeping(address);
    addEventListener("hashchange", () => this.#route());
    this.#lockByItself();
    addEventListener("beforeunload", (event) => {
      if (this.#writing?.isBegun()) event.preventDefault();
    });
    this.#route();
    // The reserve starts while the person types the password, so that the first operation does not wait for it.
    void this.#startVault().catch(() => undefined);
  }

  /** Nobody has to press the button: time locks, and so does whatever takes the page away. */
  #lockByItself() {
    // What a closed or sleeping page keeps in memory is out of reach: nothing secret stays behind.
    addEventListener("pagehide", () => this.keys.lock("left"));
    document.addEventListener("freeze", () => this.keys.lock("asleep"));
    // A computer that slept has run no timer.
    document.addEventListener("visibilitychange", () => this.keys.check());
    for (const type of ["keydown", "pointerdown"]) {
      addEventListener(type, () => this.keys.touch(), { capture: true, passive: true });
    }
  }

  /** @param {LockReason} reason */
  #locked(reason) {
    this.#lockReason = reason;
    if (reason === "left" || reason === "signed-out") return;
    this.announce(this.lockedSentence());
    // What a letter says goes from the screen too.
    this.navigate("/keys");
  }

  /** Why the keys are locked, and what is kept meanwhile. */
  lockedSentence() {
    const kept = this.translate(this.hasDraft() ? "locked_draft_kept" : "locked_kept");
    return `${lockedBecause(this.translate, this.#lockReason)} ${kept}`.trim();
  }

  /**
   * Tells a screen reader what changed.
   * @param {string} text
   */
  announce(text) {
    this.#announcer.textContent = text;
    this.#isOfPlace = false;
  }

  /**
   * Tells a screen reader about something that is gone with the place where it is shown, as a verdict on one message.
   * @param {string} text
   */
  announceHere(text) {
    this.announce(text);
    this.#isOfPlace = true;
  }

  /** @param {unknown} error */
  sentenceFor(error) {
    return errorSentence(this.translate, error);
  }

  /** @param {string} path such as `/folder/INBOX` */
  navigate(path) {
    if (location.hash === `#${path}`) this.#route();
    else location.hash = path;
  }

  /**
   * Signs in; whoever comes back finds the letter, anybody else finds nothing of the former person.
   * @param {string} address
   * @param {string} password
   * @param {{isOwnComputer: boolean}} where on somebody else's computer nothing is kept
   */
  async signIn(address, password, where) {
    const signedIn = await this.api.signIn(address, password);
    this.keys.refusePassphrase(await PasswordMark.of(password));
    if (this.#lastAddress && !sameAddress(this.#lastAddress, signedIn)) this.#forget();
    this.address = signedIn;
    this.#lastAddress = signedIn;
    await this.#beginKeeping(signedIn, where);
    if (this.#writing?.isBegun()) this.navigate("/write");
    else this.navigate(this.keys.unlocked ? "/folder/INBOX" : "/keys");
  }

  /**
   * @param {string} address
   * @param {{isOwnComputer: boolean}} [where]
   */
  async #beginKeeping(address, where) {
    await this.kept.begin(address, where);
    this.trust.keepList(this.kept.keeping !== "off");
  }

  async signOut() {
    await this.kept.settled;
    this.#forget();
    this.address = null;
    this.#lastAddress = null;
    await this.api.signOut().catch(() => undefined);
    this.navigate("/sign-in");
    this.announce(this.translate("signed_out"));
  }

  lock() {
    this.keys.lock("hand");
  }

  hasDraft() {
    return this.#writing?.isBegun() ?? false;
  }

  /**
   * Opens the writing view with a proposal; a letter already begun stays and is shown instead.
   * @param {Proposal} [proposal]
   */
  write(proposal) {
    if (!this.#writing?.isBegun()) this.#dropWriting();
    else if (proposal) this.#writing.remind();
    this.#writing ??= createWritingView(this, proposal);
    this.navigate("/write");
  }

  /** The letter was sent or discarded. */
  endWriting() {
    this.#dropWriting();
    this.navigate(this.mailPath());
  }

  /** Where the person was in the mail. */
  mailPath() {
    return this.#mail?.path() ?? "/folder/INBOX";
  }

  #dropWriting() {
    this.#writing?.dispose();
    this.#writing = null;
  }

  #forget() {
    this.kept.end();
    this.keys.lock("signed-out");
    this.trust.forget();
    this.#dropWriting();
    this.#mail?.dispose();
    this.#mail = null;
  }

  #sessionEnded() {
    if (this.address === null) return;
    this.#lastAddress = this.address;
    this.address = null;
    this.navigate("/sign-in");
    this.announce(this.translate(this.hasDraft() ? "error_session_ended" : "session_ended"));
  }

  #route() {
    // A status text can be read at any time: it never speaks of what is no longer shown.
    if (this.#isOfPlace) this.announce("");
    const [, name = "", folder = "INBOX", uid = ""] = location.hash.slice(1).split("/").map(decoded);
    if (this.address === null) return this.#show(createSignInView(this, { ended: this.#lastAddress }));
    if (name === "keys") return this.#show(createKeysView(this));
    if (name === "people") return this.#show(createPeopleView(this));
    if (name === "write") {
      if (this.#writing?.isDone()) this.#dropWriting();
      this.#writing ??= createWritingView(this);
      return this.#show(this.#writing);
    }
    this.#mail ??= new MailView(this);
    this.#show(this.#mail);
    this.#mail.go(folder, uid ? Number(uid) : null);
  }

  /** @param {View} view */
  #show(view) {
    const isNew = view !== this.#view;
    if (isNew) this.#view?.close?.();
    this.#view = view;
    this.#frame.show(view, location.hash);
    document.title = `${view.title} · Sealwax`;
    if (!isNew) return;
    view.shown?.();
    if (view.focus) view.focus();
    else view.heading.focus();
  }

  #startVault() {
    this.#vault ??= this.#openVault();
    return this.#vault;
  }

  async #openVault() {
    this.#frame.setVaultState(this.translate("vault_starting"));
    try {
      const vault = await openVault({
        base: new URL("./runtime/", import.meta.url),
        onStartProgress: (progress) => this.#frame.showStart(progress),
      });
      vault.onCleanup = ({ bytesZeroed, milliseconds }) => {
        const megabytes = Math.round(bytesZeroed / 1_000_000);
        this.#frame.setVaultState(
          this.translate("memory_cleaned", { megabytes, milliseconds: Math.round(milliseconds) }),
        );
      };
      await vault.ready;
      // Before anything is judged: whoever asks for the vault waits for it.
      await this.trust.follow(vault);
      this.#frame.setVaultState(this.translate("vault_ready"));
      return vault;
    } catch (error) {
      this.#vault = null;
      this.#frame.setVaultState(this.translate("vault_failed"));
      throw error;
    }
  }
}

/**
 * A part of the address; as it stands where it is no encoding, for anybody can write a link to here.
 * @param {string} part
 */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * What the person has to know about what is kept, in whatever view; null when all is well.
 * @param {App} app
 */
function noticeOf({ kept, translate }) {
  return isKeepingTrouble(kept.keeping) ? translate(`trust_${kept.keeping.replace("-", "_")}`) : null;
}
