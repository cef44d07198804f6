/**
 * The application around the views: the services, the lock, the language, and the beginning and end of the account's data.
 *
 * The members of this object are the services. A view takes the services that it uses. The object itself does nothing with
 * mail or cryptography.
 */

import { KeyServer } from "../../../wasm_build/vault/account/key_server.js";
import { KeyServerFinder } from "../../../wasm_build/vault/account/key_server_finder.js";
import { explainCalm } from "../../../wasm_build/ui/calm.js";
import { errorSentence } from "../../../wasm_build/ui/catalogue.js";
import { askFactor } from "../../../wasm_build/ui/factors.js";
import { lockedBecause } from "../../../wasm_build/ui/locked_because.js";
import { whileBusy } from "../../../wasm_build/ui/dom.js";
import { askReset } from "../../../wasm_build/ui/reset_dialog.js";
import { AccountSession } from "../account/account_session.js";
import { AccountsHere } from "../account/accounts_here.js";
import { DraftStore } from "../drafts/draft_store.js";
import { UnfinishedDrafts } from "../drafts/unfinished_drafts.js";
import { FirstPassphrase } from "../keys/first_passphrase.js";
import { KeyFiles } from "../keys/key_files.js";
import { KeyServerMemory } from "../keys/key_server_memory.js";
import { KeyRing, lockByItself } from "../keys/keys.js";
import { MailVault } from "../keys/mail_vault.js";
import { PageVault } from "../keys/page_vault.js";
import { PassphraseAdvice } from "../keys/passphrase_advice.js";
import { PassphraseRule } from "../keys/passphrase_rule.js";
import { RoamingKeys } from "../keys/roaming_keys.js";
import { StrictSetting } from "../keys/strict_setting.js";
import { Unlocking } from "../keys/views/unlocking.js";
import { Arrival } from "../mail/arrival.js";
import { IndexFiller } from "../mail/index_filler.js";
import { MailIndex } from "../mail/mail_index.js";
import { Away } from "../offline/away.js";
import { Receipts } from "../reading/receipts.js";
import { NewMailNotices } from "../settings/new_mail_notices.js";
import { ClearChoices } from "../trust/clear_choices.js";
import { KeptTrust } from "../trust/kept_trust.js";
import { LearntRows } from "../trust/learnt_rows.js";
import { RoamingTrust } from "../trust/roaming_trust.js";
import { TrustKeeper } from "../trust/trust_keeper.js";
import { OpenLetter } from "../writing/views/open_letter.js";
import { SendingBar } from "../writing/views/sending_bar.js";
import { Announcer } from "./announcer.js";
import { BridgeApi } from "./api.js";
import { DoneNotice } from "./done_notice.js";
import { MailEvents } from "./events.js";
import { createFrame } from "./frame.js";
import { keepLanguage } from "./language.js";
import { LocalStorageBytes } from "./local_storage_bytes.js";
import { createNotices, watchNotices } from "./notices.js";
import { folderPath, INBOX, isAtKeys } from "./routes.js";
import { ShownViews } from "./shown_views.js";
import { VaultState } from "./vault_state.js";

/** @typedef {import("./language.js").PageTexts} PageTexts */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").LockReason} LockReason */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").LockedEvent} LockedEvent */
/** @typedef {import("../../../wasm_build/writing/composition.js").Proposal} Proposal */
/** @typedef {import("../writing/views/sent_notice.js").SentNotice} SentNotice */
/** @typedef {import("../offline/letter_store.js").Sealed} Sealed a letter of the outbox */
/**
 * @typedef {{
 *   root: HTMLElement, announcer: HTMLElement, translate: PageTexts, apiOrigin: string, keyServerOrigin: string,
 *   discovery: import("../../../wasm_build/vault/account/key_server_finder.js").Discovery | null,
 * }} AppOptions
 */

/** The folder of the vault's files. */
const RUNTIME = new URL("./runtime/", import.meta.url);

export class App {
  maxMessageBytes = Infinity;
  vaultState = new VaultState();
  /** @type {import("../../../wasm_build/ui/signature_options.js").SignatureOffers} */
  signatureOffers = { timestampHost: "", labelPolicy: null };
  /** The limits of parcels, or null if the bridge has none. @type {import("../parcels/parcel_requests.js").ParcelLimits | null} */
  parcels = null;
  /** Whether the bridge reports new mail. */
  hasEvents = false;
  /** The reason of the last lock; null before the first unlocking. @type {LockReason | null} */
  #lockReason = null;
  #session;
  #vault;
  #letter;
  #views;
  #announcer;
  #frame;

  /** @param {AppOptions} options */
  constructor({ root, announcer, translate, apiOrigin, keyServerOrigin, discovery }) {
    this.translate = translate;
    this.#session = new AccountSession(this, { forget: () => this.#forget(), signedIn: () => this.#signedIn() });
    this.#announcer = new Announcer(announcer);
    this.api = new BridgeApi(apiOrigin, () => this.#session.ended());
    this.accounts = new AccountsHere(this.api);
    this.events = new MailEvents(this.api);
    this.#vault = new PageVault({
      base: RUNTIME, onState: (key, values) => this.vaultState.set(key, values),
      onStart: (progress) => this.vaultState.showStart(progress),
      // The first verdict needs the list that this browser follows, so all callers of the vault wait for this list too.
      onOpened: (vault) => this.trust.follow(vault),
    });
    const [vault, isOwnComputer] = [() => this.#vault.start(), () => this.#session.isOwnComputer];
    const ownAccount = () => (isOwnComputer() ? this.address : null);
    // After the end of a session, a begun letter is still from the account that began the letter.
    const writer = () => this.#session.writer;
    this.keys = new KeyRing(vault);
    this.strict = new StrictSetting(this.#vault, this.keys, isOwnComputer);
    // The key server's address comes from the origin of the pages, not from the bridge. Otherwise a bridge could name its
    // own key server, and get the stretched passphrase.
    const finder = discovery && new KeyServerFinder(
      vault, discovery, () => this.address ?? "", new LocalStorageBytes(`followed-servers ${discovery.key}`),
    );
    this.keyServer = new KeyServer(keyServerOrigin, finder);
    this.roamingKeys = new RoamingKeys(this.keys, {
      server: this.keyServer, user: () => this.address ?? "", memory: new KeyServerMemory(isOwnComputer),
      askFactor: (demand, prove) => askFactor(this, demand, prove), askReset: (reset) => askReset(translate, reset),
    });
    this.passphraseRule = new PassphraseRule();
    this.firstPassphrase = new FirstPassphrase(this);
    this.passphraseAdvice = new PassphraseAdvice(vault, { base: RUNTIME });
    this.keyFiles = new KeyFiles(this);
    this.trust = new TrustKeeper(new LocalStorageBytes(`followed-list ${apiOrigin}`));
    this.receipts = new Receipts(this.keys, { account: writer, isOwnComputer });
    this.clear = new ClearChoices(this.trust.book);
    this.mailVault = new MailVault(this.keys.vault, this.keys, this, (lookups, signal) => this.api.certificates.askAuthorities(lookups, signal));
    this.kept = new KeptTrust(this.keys.vault, this.keys, this.trust);
    this.notices = new NewMailNotices({
      title: () => translate("new_mail_title"), api: this.api, isOwnComputer, showInbox: () => this.navigate(folderPath(INBOX)),
    });
    this.arrival = new Arrival({ translate, api: this.api, events: this.events, notices: this.notices });
    this.learnt = new LearntRows(this.keys.vault, this.keys, ownAccount);
    this.index = new MailIndex(this.keys.vault, this.keys, ownAccount);
    this.away = new Away(this, {
      adopt: (config) => this.#adopt(config), ended: () => this.#session.ended(), find: (shown) => this.accounts.find(shown),
      follow: async () => this.trust.follow(await vault()),
      enter: (address) => this.#session.enter(address, { isOwnComputer: true }),
      evidence: this.trust.evidence, address: () => this.address, isOwnComputer,
    });
    this.api.onMissed = () => { if (this.address !== null) this.away.source.lookAgain(); };
    this.filler = new IndexFiller(this, this.index);
    this.trust.addEventListener("withdrawn", () => void this.learnt.forgetForGood());
    this.drafts = new DraftStore(this.api, this.keys, { account: writer, keepsHere: isOwnComputer, note: translate("draft_note") });
    this.done = new DoneNotice(translate);
    this.unfinishedDrafts = new UnfinishedDrafts(this, {
      writing: () => this.#letter.view, changed: () => this.#frame.setNotices(createNotices(this)),
      showNotice: (text, undo) => this.#views.mail.tell(text, undo),
    });
    this.roaming = new RoamingTrust(this, {
      texts: () => this.strict.addTo(this.trust.book.texts()),
      take: (account) => {
        this.trust.takeBook(account);
        this.strict.take(account);
      },
    });
    this.unlocking = new Unlocking(this);
    this.#letter = new OpenLetter(this);
    this.#views = new ShownViews(this, {
      session: this.#session, letter: this.#letter, announcer: this.#announcer,
      show: (view, hash) => this.#frame.show(view, hash), setPane: (pane) => this.#frame.setPane(pane),
    });
    this.sendingBar = new SendingBar(this, (sent) => this.#views.tellSent(sent));
    this.#frame = createFrame(this, this.#views);
    root.replaceChildren(this.#frame.element);
  }

  async start() {
    const [, address] = await this.away.ask() ?? [null, null];
    this.#session.address = address;
    this.keys.addEventListener("change", () => this.#frame.update());
    this.keys.addEventListener("locked", (event) => this.#locked(/** @type {LockedEvent} */ (event).reason));
    watchNotices(this, (notices) => this.#frame.setNotices(notices));
    this.away.source.addEventListener("back", () => {
      void this.unfinishedDrafts.look();
      this.#letter.view?.drafts.retry();
    });
    if (address !== null) await this.#session.begin(address);
    lockByItself(this.keys);
    // The views of the keys show this setting. So they are drawn again, even if the keys were locked already.
    this.strict.watch(() => { if (this.address !== null && isAtKeys()) this.#views.route(); });
    addEventListener("beforeunload", (event) => {
      if (!this.unfinishedDrafts.hasUnkept) return;
      event.preventDefault();
      void this.#letter.view?.drafts.keepNow();
    });
    await this.unlocking.start((element) => this.#frame.wait(element));
    addEventListener("hashchange", () => this.#views.route());
    // If the page was loaded again while a letter was being written, the letter's draft is offered after the unlocking.
    if (location.hash === "#/write" && (await this.drafts.hasHere())) {
      history.replaceState(null, "", this.keys.unlocked ? `#${this.mailPath()}` : "#/keys");
    }
    this.#views.route();
    // The vault starts while the person types the password, so that the first operation does not wait for the start.
    this.#vault.prepare();
  }

  /** The address of the account; null while nobody is signed in. */
  get address() {
    return this.#session.address;
  }

  /** The sentences that say why the keys were locked, and that the person's data is kept. */
  lockedSentence() {
    const sentence = this.translate(this.hasDraft() ? "locked_draft_kept" : "locked_kept");
    return `${this.unlocking.refusal || lockedBecause(this.translate, this.#lockReason)} ${sentence}`.trim();
  }

  async lock() {
    await this.unfinishedDrafts.keepBeforeLock();
    this.keys.lock("hand");
  }

  /** Tells a screen reader about a change. @param {string} text */
  announce(text) {
    this.#announcer.announce(text);
  }

  /**
   * Tells a screen reader about a change in the shown view, such as a verdict. Another view clears the text.
   * @param {string} text
   */
  announceHere(text) {
    this.#announcer.announceHere(text);
  }

  /** @param {unknown} error */
  sentenceFor(error) {
    return errorSentence(this.translate, error);
  }

  /** @type {import("./services.js").Attempt} */
  attempt(button, busyLabel, failure, action) {
    return whileBusy(button, busyLabel, () => {
      failure.textContent = "";
      return action();
    }, (error) => { failure.textContent = this.sentenceFor(error); });
  }

  /**
   * Shows the pages in another language. The view of a begun letter stays, and so do the labels of that view.
   * @param {string} language @param {{isOwnComputer: boolean}} [where]
   */
  async useLanguage(language, { isOwnComputer } = { isOwnComputer: this.#session.isOwnComputer }) {
    if (!(await this.translate.use(language))) return;
    keepLanguage(language, isOwnComputer);
    explainCalm(this.translate("calm_hint"));
    this.#views.dropMail();
    if (!this.hasDraft()) this.#letter.drop();
    this.#frame.redraw();
    this.#frame.setNotices(createNotices(this));
    this.announce("");
    this.#views.renew();
  }

  /** @type {import("./services.js").SignIn} */
  signIn(address, password, where, takePassphrase) {
    return this.#session.signIn(address, password, where, takePassphrase);
  }

  /**
   * Signs out of the account of this tab. Other accounts of this browser stay signed in.
   * @param {Sealed[]} letters the letters of the outbox that may be lost
   * @returns {Promise<boolean>} false if nobody was signed out, because another letter waits
   */
  signOut(letters) {
    return this.#session.signOut(letters);
  }

  /** Signs out of all accounts of this browser. Resolves as `signOut` does. @param {Sealed[]} letters */
  signOutAll(letters) {
    return this.#session.signOutAll(letters);
  }

  /**
   * Shows another account in this tab, or the form to sign in to one. Resolves with false if a letter would be lost.
   * @param {string} choice the id of the account, or NEW_ACCOUNT
   */
  changeAccount(choice) {
    return this.#session.change(choice);
  }

  hasDraft() {
    return this.unfinishedDrafts.hasCleared || this.#letter.isBegun;
  }

  /**
   * Opens the writing view with a proposal. If a letter is already begun, shows that letter instead.
   * @param {Proposal} [proposal]
   */
  write(proposal) {
    this.#letter.open(proposal);
    this.navigate("/write");
  }

  /**
   * Closes the writing view after the letter was sent or discarded.
   * @param {SentNotice | null} [sent] null if the letter waits, and the bar above the view says so
   */
  endWriting(sent) {
    this.#letter.drop();
    if (sent) this.#views.tellSent(sent);
    // The person may have gone elsewhere while the letter was being sent.
    if (sent === undefined || location.hash.startsWith("#/write")) this.navigate(this.mailPath());
  }

  /** @param {string} path such as `/folder/inbox` */
  navigate(path) {
    this.#views.navigate(path);
  }

  /** The path of the folder and message that the mail view showed last. */
  mailPath() {
    return this.#views.mailPath;
  }

  /** @param {import("./service_answers.js").BridgeConfig} config */
  #adopt(config) {
    this.unlocking.reload.allow(config.reloadMinutes ?? 0);
    this.maxMessageBytes = config.maxMessageBytes;
    this.signatureOffers = { timestampHost: config.timestampHost ?? "", labelPolicy: config.labelPolicy ?? null };
    this.parcels = config.parcels ?? null;
    this.clear.adopt(config.clearMail);
    this.hasEvents = config.events === true;
    this.api.filters.isOffered = config.filters === true;
    this.api.push.key = config.push?.key ?? null;
    this.trust.adoptOperator(config);
  }

  /** @param {LockReason} reason */
  #locked(reason) {
    this.#lockReason = reason;
    // This ends every Worker that has worked with the keys.
    this.#vault.retire();
    if (reason === "left" || reason === "signed-out") return;
    // A letter stays in the page if it is not kept elsewhere.
    if (this.unfinishedDrafts.noteCleared()) this.#letter.drop();
    this.announce(this.lockedSentence());
    // The view of the keys replaces the shown view, so the text of a letter or message disappears.
    this.navigate("/keys");
  }

  /** Shows the first view of an account. */
  #signedIn() {
    if (this.#letter.isBegun) this.navigate("/write");
    else if (this.keys.unlocked) this.navigate(folderPath(INBOX));
    else this.#views.askForKeys();
  }

  /** Forgets the account's data in this page. */
  #forget() {
    this.kept.end();
    this.arrival.forget();
    this.keys.lock("signed-out");
    this.unlocking.end();
    this.trust.forget();
    this.receipts.forget();
    this.unfinishedDrafts.forget();
    this.done.say("");
    this.#letter.drop();
    this.#views.dropMail();
  }
}
