/**
 * The application around the views: the account, the lock, the shown view, and the focus.
 *
 * The members of this object are the services. A view takes those that it uses. The object itself does nothing with mail or
 * cryptography.
 */

import { KeyServer } from "../../../wasm_build/vault/account/key_server.js";
import { openVault } from "../../../wasm_build/vault/owner/vault.js";
import { explainCalm } from "../../../wasm_build/ui/calm.js";
import { errorSentence } from "../../../wasm_build/ui/catalogue.js";
import { lockedBecause } from "../../../wasm_build/ui/locked_because.js";
import { AccountsHere } from "../account/accounts_here.js";
import { BridgeApi } from "./api.js";
import { Arrival } from "../mail/arrival.js";
import { KeptTrust } from "../trust/kept_trust.js";
import { DoneNotice } from "./done_notice.js";
import { DraftDesk } from "../drafts/draft_desk.js";
import { DraftStore } from "../drafts/draft_store.js";
import { MailEvents } from "./events.js";
import { askFactor } from "../../../wasm_build/ui/factor_dialog.js";
import { askReset } from "../../../wasm_build/ui/reset_dialog.js";
import { KeyRing } from "../keys/keys.js";
import { IndexFiller } from "../mail/index_filler.js";
import { LearntRows } from "../trust/learnt_rows.js";
import { MailIndex } from "../mail/mail_index.js";
import { Away } from "../offline/away.js";
import { KeptList } from "./kept_list.js";
import { KeyServerFinder } from "../../../wasm_build/vault/account/key_server_finder.js";
import { KeyServerMemory } from "../keys/key_server_memory.js";
import { sameAddress } from "../../../wasm_build/ui/formats.js";
import { whileBusy } from "../../../wasm_build/ui/parts.js";
import { PasswordMark } from "../account/password_mark.js";
import { MailVault } from "../keys/mail_vault.js";
import { NewMailNotices } from "../settings/new_mail_notices.js";
import { createNotices } from "./notices.js";
import { createFrame } from "./frame.js";
import { Receipts } from "../reading/receipts.js";
import { RoamingTrust } from "../trust/roaming_trust.js";
import { keepLanguage } from "./language.js";
import { folderPath, INBOX, messageAddress } from "./routes.js";
import { chooseStrict, declineUnstrict, isOfferedUnstrict, isStrict, strictForAccount, takeStrict, watchStrict } from "../keys/strict_choice.js";
import { createAccountView } from "../account/views/account_view.js";
import { createAccountsView } from "../account/views/accounts_view.js";
import { createAwayView } from "../keys/views/kept_unlock.js";
import { createKeysView } from "../keys/views/keys_view.js";
import { MailView } from "../reading/views/mail_view.js";
import { createMyFilesView } from "../files/views/my_files_view.js";
import { createOutboxView } from "../writing/views/outbox_view.js";
import { createPeopleView } from "../trust/views/people_view.js";
import { createSentParcelsView } from "../parcels/views/sent_parcels_view.js";
import { createSignInView } from "../account/views/sign_in_view.js";
import { createWritingView } from "../writing/views/writing_view.js";
import { TrustKeeper } from "../trust/trust_keeper.js";
import { Unlocking } from "../keys/views/unlocking.js";

/** @typedef {import("./language.js").PageTexts} PageTexts */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").LockReason} LockReason */
/** @typedef {import("../../../wasm_build/ui/secret_field.js").Secret} Secret */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").LockedEvent} LockedEvent */
/** @typedef {import("./services.js").View} View */
/** @typedef {import("../writing/views/writing_view.js").WritingView} WritingView */
/** @typedef {import("../writing/views/writing_view.js").Proposal} Proposal */

export class App {
  /** @type {string | null} */
  address = null;
  /**
   * The account that signed in last. Its keys and its letter may still be in this page after its session has ended.
   * @type {string | null}
   */
  #lastAddress = null;
  /** Whether the bridge did not confirm the last sign-out, so that its session may go on. */
  #isSessionLeft = false;
  /** The reason of the last lock; null before the first unlocking. @type {LockReason | null} */
  #lockReason = null;
  /** The live region, whose text screen readers announce. @type {HTMLElement} */
  #announcer;
  /** Whether the last announcement is about the shown view only. */
  #isOfPlace = false;
  /** @type {View | null} */
  #view = null;
  /**
   * The letter that is being written. It is kept when the view, lock or mail session changes.
   * @type {WritingView | null}
   */
  #writing = null;
  /** @type {MailView | null} */
  #mail = null;
  /** @type {Promise<import("../../../wasm_build/vault/owner/vault.js").Vault> | null} */
  #vault = null;
  #frame;
  /** Whether the bridge tells of new mail. */
  #hasEvents = false;
  /** Whether private keys stay out of the browser's own cryptography, and each operation ends its Worker. */
  #strict = isStrict();

  /**
   * @param {{
   *   root: HTMLElement, announcer: HTMLElement, translate: PageTexts, apiOrigin: string, keyServerOrigin: string,
   *   discovery: import("../../../wasm_build/vault/account/key_server_finder.js").Discovery | null,
   * }} options
   */
  constructor({ root, announcer, translate, apiOrigin, keyServerOrigin, discovery }) {
    this.translate = translate;
    this.#announcer = announcer;
    this.api = new BridgeApi(apiOrigin, () => this.#sessionEnded());
    this.accounts = new AccountsHere(this.api);
    this.events = new MailEvents(() => this.api.eventsUrl, () => void this.api.checkSession());
    const vault = () => this.#startVault();
    this.keys = new KeyRing(vault, {
      memory: new KeyServerMemory(() => this.kept.keeping !== "off"),
      askFactor: (demand, prove) => askFactor(this, demand, prove),
      askReset: (reset) => askReset(this.translate, reset),
    });
    // The key server's address comes from the origin of the pages, not from the bridge. Otherwise a bridge could name a
    // server of its own, and get the stretched passphrase.
    const finder = discovery && new KeyServerFinder(
      vault, discovery, () => this.address ?? "", new KeptList(`followed-servers ${discovery.key}`),
    );
    this.keyServer = new KeyServer(keyServerOrigin, finder);
    this.trust = new TrustKeeper(new KeptList(`followed-list ${apiOrigin}`));
    this.receipts = new Receipts(this.keys.vault, this.keys, {
      account: () => this.address ?? this.#lastAddress, isOwnComputer: () => this.#isOwnComputer,
    });
    this.mailVault = new MailVault(this.keys.vault, this.keys, this, (lookups, signal) => this.api.askAuthorities(lookups, signal));
    this.kept = new KeptTrust(this.keys.vault, this.keys, this.trust);
    this.notices = new NewMailNotices({
      title: () => translate("new_mail_title"), api: this.api, isOwnComputer: () => this.#isOwnComputer,
      showInbox: () => this.navigate(folderPath(INBOX)),
    });
    this.arrival = new Arrival({ translate, api: this.api, events: this.events, notices: this.notices });
    this.learnt = new LearntRows(this.keys.vault, this.keys, () => (this.#isOwnComputer ? this.address : null));
    this.index = new MailIndex(this.keys.vault, this.keys, () => (this.#isOwnComputer ? this.address : null));
    this.away = new Away(this, {
      adopt: (config) => this.#adopt(config), ended: () => this.#sessionEnded(), find: (shown) => this.accounts.find(shown),
      follow: async () => this.trust.follow(await this.#startVault()),
      enter: async (address) => {
        this.address = this.#lastAddress = address;
        await this.#beginKeeping(address, { isOwnComputer: true });
      },
      evidence: this.trust.evidence, address: () => this.address, isOwnComputer: () => this.#isOwnComputer,
    });
    this.api.onMissed = () => { if (this.address !== null) this.away.source.lookAgain(); };
    this.filler = new IndexFiller(this, this.index);
    this.trust.addEventListener("withdrawn", () => void this.learnt.forgetForGood());
    this.drafts = new DraftStore(this.api, this.keys, {
      // After the end of a session the letter is still written in the name of its account.
      account: () => this.address ?? this.#lastAddress, keepsHere: () => this.#isOwnComputer, note: translate("draft_note"),
    });
    this.done = new DoneNotice(translate);
    this.draftDesk = new DraftDesk(this, {
      writing: () => this.#writing, changed: () => this.#frame.setNotices(createNotices(this)),
      tell: (text, undo) => (this.#mail ??= new MailView(this)).tell(text, undo),
    });
    this.roaming = new RoamingTrust(this.keys, this.trust, {
      texts: () => {
        const book = this.trust.book.texts();
        return { ...book, setting: { ...strictForAccount().setting, ...book.setting } };
      },
      take: (account) => {
        this.trust.takeBook(account);
        if (takeStrict(account, this.#isOwnComputer)) this.#chooseStrict(!this.#strict, "strict");
      },
    });
    this.maxMessageBytes = Infinity;
    this.unlocking = new Unlocking(this);
    /** The offers of the bridge for signatures. @type {import("../writing/views/letter_options.js").SignatureOffers} */
    this.signatureOffers = { timestampHost: "", labelPolicy: null };
    /** The limits of parcels, or null if the bridge has none. @type {import("../parcels/parcel_requests.js").ParcelLimits | null} */
    this.parcels = null;
    this.#frame = createFrame(this);
    root.replaceChildren(this.#frame.element);
  }

  async start() {
    const [, address] = await this.away.ask() ?? [null, null];
    this.address = address;
    this.keys.addEventListener("change", () => this.#frame.update());
    this.keys.addEventListener("locked", (event) => this.#locked(/** @type {LockedEvent} */ (event).reason));
    this.#showNotices();
    this.away.source.addEventListener("back", () => {
      void this.draftDesk.look();
      this.#writing?.drafts.retry();
    });
    this.away.outbox.addEventListener("sent", () => this.announce(this.translate("outbox_sent")));
    if (address !== null) await this.#beginKeeping(address);
    this.#lockByItself();
    watchStrict((strict) => {
      this.#useStrict(strict);
      // The view of the keys has the switch, and is drawn again also if the keys were locked already.
      if (this.address !== null && location.hash === "#/keys") this.#route();
    });
    addEventListener("beforeunload", (event) => {
      if (!this.draftDesk.hasUnkept) return;
      event.preventDefault();
      void this.#writing?.drafts.keepNow();
    });
    await this.unlocking.start((element) => this.#frame.wait(element));
    addEventListener("hashchange", () => this.#route());
    // The page was loaded again while a letter was written: its draft is offered when the keys are unlocked.
    if (location.hash === "#/write" && (await this.drafts.hasHere())) {
      history.replaceState(null, "", this.keys.unlocked ? `#${this.mailPath()}` : "#/keys");
    }
    this.#route();
    // The vault starts while the person types the password, so that the first operation does not wait for the start.
    void this.#startVault().catch(() => undefined);
  }

  /** Shows the notices above the views now, and again when they change. */
  #showNotices() {
    const show = () => this.#frame.setNotices(createNotices(this));
    const { kept, unlocking: { passkeyOffer }, done, keys, away: { source, files, outbox } } = this;
    for (const changing of [kept, passkeyOffer, done, keys, files, outbox]) changing.addEventListener("change", show);
    for (const name of ["away", "back"]) source.addEventListener(name, show);
    show();
  }

  /** @param {import("./api.js").BridgeConfig} config */
  #adopt(config) {
    this.unlocking.reload.allow(config.reloadMinutes ?? 0);
    this.maxMessageBytes = config.maxMessageBytes;
    this.signatureOffers = { timestampHost: config.timestampHost ?? "", labelPolicy: config.labelPolicy ?? null };
    this.parcels = config.parcels ?? null;
    this.#hasEvents = config.events === true;
    this.api.push.key = config.push?.key ?? null;
    this.trust.adoptOperator(config);
  }

  /** Locks the keys automatically: after a time without use, and when the page is closed or frozen. */
  #lockByItself() {
    // The memory of a closed or frozen page cannot be overwritten later, so no secret may stay in it.
    addEventListener("pagehide", () => this.keys.lock("left"));
    document.addEventListener("freeze", () => this.keys.lock("asleep"));
    // Timers do not run while a computer sleeps, so the deadlines are checked when the page is shown again.
    document.addEventListener("visibilitychange", () => this.keys.check());
    for (const type of ["keydown", "pointerdown"]) {
      addEventListener(type, () => this.keys.touch(), { capture: true, passive: true });
    }
  }

  /** @param {LockReason} reason */
  #locked(reason) {
    this.#lockReason = reason;
    // After a lock no Worker goes on that has worked with the keys.
    void this.#vault?.then((vault) => vault.retire(), () => undefined);
    if (reason === "left" || reason === "signed-out") return;
    // A text that is kept nowhere else stays in the page.
    if (this.draftDesk.leave()) this.#dropWriting();
    this.announce(this.lockedSentence());
    // The view of the keys replaces the shown view, and with it the text of a letter or message.
    this.navigate("/keys");
  }

  /** The sentences that tell why the keys were locked, and which data is kept. */
  lockedSentence() {
    const kept = this.translate(this.hasDraft() ? "locked_draft_kept" : "locked_kept");
    return `${this.unlocking.refusal || lockedBecause(this.translate, this.#lockReason)} ${kept}`.trim();
  }

  /**
   * Tells a screen reader about a change.
   * @param {string} text
   */
  announce(text) {
    this.#announcer.textContent = text;
    this.#isOfPlace = false;
  }

  /**
   * Tells a screen reader about a change in the shown view, such as a verdict. Another view clears the text.
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
   * Shows the pages in another language. A letter that is begun keeps its view, and with it the labels of that view.
   * @param {string} language @param {{isOwnComputer: boolean}} [where]
   */
  async useLanguage(language, { isOwnComputer } = { isOwnComputer: this.#isOwnComputer }) {
    if (!(await this.translate.use(language))) return;
    keepLanguage(language, isOwnComputer);
    explainCalm(this.translate("calm_hint"));
    this.#mail?.dispose();
    this.#mail = null;
    if (!this.hasDraft()) this.#dropWriting();
    this.#frame.redraw();
    this.#frame.setNotices(createNotices(this));
    this.announce("");
    const renewed = this.#view?.renew?.();
    if (renewed) this.#show(renewed);
    else this.#route();
  }

  /** @param {string} path such as `/folder/inbox` */
  navigate(path) {
    if (location.hash === `#${path}`) this.#route();
    else location.hash = path;
  }

  /**
   * Signs in. For the account that signed in last, a begun letter is kept. For another account all earlier data is
   * forgotten.
   * @param {string} address
   * @param {string} password
   * @param {{isOwnComputer: boolean}} where if `isOwnComputer` is false, this browser keeps nothing
   * @param {() => Secret | null} takePassphrase called after the sign-in; null if the person has typed none
   */
  async signIn(address, password, where, takePassphrase) {
    const signedIn = await this.api.signIn(address, password);
    this.keys.refusePassphrase(await PasswordMark.of(password));
    if (this.#lastAddress && !sameAddress(this.#lastAddress, signedIn)) this.#forget();
    await this.accounts.take({ address: signedIn, account: this.api.accountId });
    void this.accounts.look().catch(() => undefined);
    this.address = signedIn;
    this.#lastAddress = signedIn;
    this.#isSessionLeft = false;
    await this.#beginKeeping(signedIn, where);
    keepLanguage(this.translate.language, this.#isOwnComputer);
    await this.unlocking.useTyped(takePassphrase());
    if (this.#writing?.isBegun()) this.navigate("/write");
    else if (this.keys.unlocked) this.navigate(folderPath(INBOX));
    else this.#askForKeys();
  }

  /** Shows the view that unlocks the keys. The list of the inbox loads while the person types the passphrase. */
  #askForKeys() {
    this.navigate("/keys");
    if (this.#mail) return;
    this.#mail = new MailView(this);
    this.#mail.go(INBOX, null);
  }

  /**
   * @param {string} address
   * @param {{isOwnComputer: boolean}} [where]
   */
  async #beginKeeping(address, where) {
    if (this.#hasEvents) this.events.start(address);
    await this.kept.begin(address, where);
    // A browser that stores nothing has no index.
    void this.index.look().catch(() => undefined);
    this.away.begin();
    if (this.#hasEvents) void this.notices.begin(address);
    this.trust.keepList(this.kept.keeping !== "off");
    await this.unlocking.begin(address, { isNew: where !== undefined });
  }

  /**
   * Signs out of the account of this tab. Other accounts of this browser stay signed in.
   * @param {import("../offline/store.js").Sealed[]} letters those of the outbox that may be lost
   * @returns {Promise<boolean>} false if nobody was signed out, because another letter waits
   */
  signOut(letters) {
    const left = this.address === null ? [] : [this.address];
    return this.#signOut(left, letters, () => this.api.signOut());
  }

  /** Signs out of all accounts of this browser. Resolves as `signOut` does. @param {import("../offline/store.js").Sealed[]} letters */
  async signOutAll(letters) {
    await this.accounts.look().catch(() => undefined);
    return this.#signOut(this.accounts.all.map(({ address }) => address), letters, () => this.accounts.signOutAll());
  }

  /** @param {string[]} left the addresses of the accounts @param {import("../offline/store.js").Sealed[]} letters @param {() => Promise<void>} end */
  async #signOut(left, letters, end) {
    if (!(await this.accounts.forgetKept(left, letters))) return false;
    await Promise.all([this.kept.settled, this.roaming.finish(), this.away.end()]);
    this.events.stop();
    this.#forget();
    this.address = null;
    this.#lastAddress = null;
    this.accounts.choose(null);
    this.#isSessionLeft = await end().then(() => false, () => true);
    for (const address of left) void this.unlocking.tellSignedOut(address);
    await this.accounts.look().catch(() => undefined);
    this.navigate("/sign-in");
    this.announce(this.translate(this.#isSessionLeft ? "sign_out_unconfirmed" : "signed_out"));
    return true;
  }

  /**
   * Shows another account in this tab, or the form to sign in to one. Resolves with false if a letter would be lost.
   * @param {string} choice the id of the account, or NEW_ACCOUNT
   */
  async changeAccount(choice) {
    if (this.draftDesk.hasUnkept) await this.draftDesk.keepBeforeLock();
    if (this.draftDesk.hasUnkept) return false;
    await Promise.all([this.kept.settled, this.roaming.finish()]);
    this.accounts.change(choice);
    return true;
  }

  async lock() {
    await this.draftDesk.keepBeforeLock();
    this.keys.lock("hand");
  }

  get strict() {
    return this.#strict;
  }

  /** Whether the bridge tells of new mail. */
  get hasEvents() {
    return this.#hasEvents;
  }

  /** Locks the keys, and goes on with a vault of the other setting. @param {boolean} strict */
  setStrict(strict) {
    this.#chooseStrict(strict, "hand");
  }

  /** Whether another device has switched strict cleanup off, and the person has not answered here. */
  get isOfferedUnstrict() {
    return isOfferedUnstrict();
  }

  /** Keeps strict cleanup here, although another device has switched it off. */
  declineUnstrict() {
    declineUnstrict(this.#isOwnComputer);
  }

  get #isOwnComputer() {
    return this.kept.keeping !== "off";
  }

  /** @param {boolean} strict @param {LockReason} reason */
  #chooseStrict(strict, reason) {
    chooseStrict(strict, this.#isOwnComputer);
    this.#useStrict(strict, reason);
  }

  /** @param {boolean} strict @param {LockReason} [reason] */
  #useStrict(strict, reason = "hand") {
    if (strict === this.#strict) return;
    this.#strict = strict;
    this.keys.lock(reason);
    const closing = this.#vault;
    this.#vault = null;
    void closing?.then((vault) => vault.close(), () => undefined);
    void this.#startVault().catch(() => undefined);
  }

  hasDraft() {
    return this.draftDesk.hasLeft || (this.#writing?.isBegun() ?? false);
  }

  /**
   * Opens the writing view with a proposal. If a letter is already begun, shows that letter instead.
   * @param {Proposal} [proposal]
   */
  write(proposal) {
    const isKept = this.#writing?.drafts.isBegun && this.#writing.drafts.isKept;
    if (!this.#writing?.isBegun() || (proposal && isKept)) this.#dropWriting();
    else if (proposal) this.#writing.remind();
    this.#writing ??= createWritingView(this, proposal);
    this.navigate("/write");
  }

  /**
   * Closes the writing view after the letter was sent or discarded.
   * @param {import("../writing/views/sent_notice.js").SentNotice} [sent]
   */
  endWriting(sent) {
    this.#dropWriting();
    if (sent) this.#tellSent(sent);
    // The person may have gone elsewhere while the letter was being sent.
    if (!sent || location.hash.startsWith("#/write")) this.navigate(this.mailPath());
  }

  /** @param {import("../writing/views/sent_notice.js").SentNotice} sent */
  #tellSent(sent) {
    this.#mail ??= new MailView(this);
    this.#mail.tellSent(sent);
    // The notice in the view of the mail is not heard where another view is shown.
    this.announce(sent.text);
  }

  /** The path of the folder and message that the mail view showed last. */
  mailPath() {
    return this.#mail?.path() ?? folderPath(INBOX);
  }

  /** Shows the field for searching the folder. */
  search() {
    if (this.#view !== this.#mail) this.navigate(this.mailPath());
    // Another view is replaced when the new address has taken effect.
    setTimeout(() => this.#mail?.showSearch());
  }

  /** Shows the folders on a narrow page, or hides them. */
  toggleFolders() {
    this.#mail?.toggleMenu();
  }

  #dropWriting() {
    this.#writing?.dispose();
    this.#writing = null;
  }

  #forget() {
    this.kept.end();
    this.arrival.forget();
    this.keys.lock("signed-out");
    this.unlocking.end();
    this.trust.forget();
    this.receipts.forget();
    this.draftDesk.forget();
    this.done.say("");
    this.#dropWriting();
    this.#mail?.dispose();
    this.#mail = null;
  }

  #sessionEnded() {
    if (this.address === null) return;
    this.events.stop();
    this.arrival.forget();
    this.#lastAddress = this.address;
    this.address = null;
    this.navigate("/sign-in");
    this.announce(this.translate(this.hasDraft() ? "error_session_ended" : "session_ended"));
  }

  #route() {
    // A screen reader can read the announcement at any time, so it must not be about a view that is no longer shown.
    if (this.#isOfPlace) this.announce("");
    const [, name = "", folder = INBOX, uidValidity = "", uid = ""] = location.hash.slice(1).split("/").map(decoded);
    if (this.away.canEnter) return this.#show(createAwayView(this));
    if (this.address === null) {
      const isChoice = this.#lastAddress === null && !this.#isSessionLeft && !this.accounts.isAdding && this.accounts.all.length > 0;
      if (isChoice) return this.#show(createAccountsView(this));
      return this.#show(createSignInView(this, { ended: this.#lastAddress, isSessionLeft: this.#isSessionLeft }));
    }
    if (name === "accounts") return this.#show(createAccountsView(this));
    if (name === "keys") return this.#show(createKeysView(this));
    if (name === "account") return this.#show(createAccountView(this));
    if (name === "outbox") return this.#show(createOutboxView(this));
    if (name === "people") return this.#show(createPeopleView(this));
    if (name === "parcels" && this.parcels) return this.#show(createSentParcelsView(this, this.parcels));
    if (name === "files" && this.parcels?.maxKeptFiles) {
      return this.#show(this.keys.unlocked ? createMyFilesView(this, this.parcels) : createKeysView(this));
    }
    if (name === "write") {
      if (this.draftDesk.hasLeft) return this.keys.unlocked ? void this.draftDesk.comeBack() : this.#show(createKeysView(this));
      if (this.#writing?.isDone()) this.#dropWriting();
      this.#writing ??= createWritingView(this);
      return this.#show(this.#writing);
    }
    this.#mail ??= new MailView(this);
    this.#show(this.#mail);
    this.#mail.go(folder, messageAddress(folder, uidValidity, uid));
  }

  /** @param {View} view */
  #show(view) {
    const isNew = view !== this.#view;
    if (isNew) this.#view?.close?.();
    this.#view = view;
    this.#frame.show(view, location.hash);
    this.arrival.titleKey = view.titleKey;
    if (!isNew) return;
    view.shown?.();
    if (view.focus) view.focus();
    else view.heading.focus();
  }

  #startVault() {
    if (this.#vault) return this.#vault;
    const opening = this.#openVault();
    this.#vault = opening;
    opening.catch(() => {
      // After a change of the strict setting another vault opens already.
      if (this.#vault !== opening) return;
      this.#vault = null;
      this.#frame.setVaultState("vault_failed");
    });
    return opening;
  }

  async #openVault() {
    this.#frame.setVaultState("vault_starting");
    const vault = await openVault({
      base: new URL("./runtime/", import.meta.url),
      strict: this.#strict,
      onStartProgress: (progress) => this.#frame.showStart(progress),
    });
    vault.onCleanup = ({ bytesZeroed, milliseconds }) => {
      const megabytes = Math.round(bytesZeroed / 1_000_000);
      this.#frame.setVaultState("memory_cleaned", { megabytes, milliseconds: Math.round(milliseconds) });
    };
    await vault.ready;
    // The first verdict needs the followed list, so all callers of the vault also wait for the list.
    await this.trust.follow(vault);
    this.#frame.setVaultState("vault_ready");
    return vault;
  }
}

/**
 * A decoded part of the page's address. A part that cannot be decoded stays as it is, because a link may be wrong.
 * @param {string} part
 */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
