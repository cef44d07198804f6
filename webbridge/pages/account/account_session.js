/**
 * The account of this tab: signing in and out, changing to another account, and the end of the account's session at the
 * bridge.
 *
 * After a session has ended, the keys and the letter of its account stay in the page until another account signs in.
 */

import { sameAddress } from "../../../wasm_build/ui/formats.js";
import { keepLanguage } from "../app/language.js";
import { PasswordMark } from "./password_mark.js";

/** @typedef {import("../../../wasm_build/ui/secret_field.js").Secret} Secret */
/** @typedef {import("../offline/letter_store.js").Sealed} Sealed a letter of the outbox */
/**
 * @typedef {{
 *   translate: import("../app/language.js").PageTexts, api: import("../app/api.js").BridgeApi,
 *   events: import("../app/events.js").MailEvents,
 *   accounts: import("./accounts_here.js").AccountsHere, passphraseRule: import("../keys/passphrase_rule.js").PassphraseRule,
 *   unlocking: Pick<import("../keys/views/unlocking.js").Unlocking, "useTyped" | "begin" | "tellSignedOut">,
 *   kept: import("../trust/kept_trust.js").KeptTrust, trust: import("../trust/trust_keeper.js").TrustKeeper,
 *   roaming: import("../trust/roaming_trust.js").RoamingTrust, index: import("../mail/mail_index.js").MailIndex,
 *   arrival: import("../mail/arrival.js").Arrival, away: import("../offline/away.js").Away,
 *   notices: import("../settings/new_mail_notices.js").NewMailNotices,
 *   unfinishedDrafts: import("../drafts/unfinished_drafts.js").UnfinishedDrafts,
 *   navigate: import("../app/services.js").Navigate, announce: import("../app/services.js").Announce,
 *   readonly hasEvents: boolean, hasDraft: () => boolean,
 * }} SessionServices `hasEvents`: the bridge reports new mail; `hasDraft`: a letter is begun
 */
/**
 * `forget` deletes the account's data from the page; `signedIn` shows the first view.
 * @typedef {{forget: () => void, signedIn: () => void}} SessionPlace
 */

export class AccountSession {
  /** The address of the account; null while nobody is signed in. @type {string | null} */
  address = null;
  #services;
  #place;
  /** @type {string | null} */
  #lastAddress = null;
  #isSessionLeft = false;

  /** @param {SessionServices} services @param {SessionPlace} place */
  constructor(services, place) {
    this.#services = services;
    this.#place = place;
  }

  /** The account that signed in last. Its keys and its letter may still be in this page after its session has ended. */
  get lastAddress() {
    return this.#lastAddress;
  }

  /** The account from which the letter is written, also after the end of the account's session. */
  get writer() {
    return this.address ?? this.#lastAddress;
  }

  /** Whether the last session may go on at the bridge, because the bridge did not confirm the sign-out. */
  get isSessionLeft() {
    return this.#isSessionLeft;
  }

  /** Whether this browser keeps data. */
  get isOwnComputer() {
    return this.#services.kept.keeping !== "off";
  }

  /**
   * Signs in. If this account signed in last too, a begun letter stays. Otherwise all data of the earlier account is
   * forgotten.
   * @param {string} address
   * @param {string} password
   * @param {{isOwnComputer: boolean}} where if `isOwnComputer` is false, this browser keeps nothing
   * @param {() => Secret | null} takePassphrase called after the sign-in; null if the person has typed none
   */
  async signIn(address, password, where, takePassphrase) {
    const { api, passphraseRule, accounts, unlocking, translate } = this.#services;
    const signedIn = await api.signIn(address, password);
    passphraseRule.refuse(await PasswordMark.of(password));
    if (this.#lastAddress && !sameAddress(this.#lastAddress, signedIn)) this.#place.forget();
    await accounts.take({ address: signedIn, account: api.accountId });
    void accounts.look().catch(() => undefined);
    this.#isSessionLeft = false;
    await this.enter(signedIn, where);
    keepLanguage(translate.language, this.isOwnComputer);
    await unlocking.useTyped(takePassphrase());
    this.#place.signedIn();
  }

  /** Begins with an account whose session is open. @param {string} address @param {{isOwnComputer: boolean}} [where] */
  async enter(address, where) {
    this.address = address;
    this.#lastAddress = address;
    await this.begin(address, where);
  }

  /**
   * Begins the parts of the page that work for the account.
   * @param {string} address
   * @param {{isOwnComputer: boolean}} [where]
   */
  async begin(address, where) {
    const { events, kept, index, away, notices, trust, unlocking, hasEvents } = this.#services;
    events.start(address, { hasStream: hasEvents });
    await kept.begin(address, where);
    // This fails in a browser that stores nothing, because it has no index.
    void index.look().catch(() => undefined);
    away.begin();
    if (hasEvents) void notices.begin(address);
    trust.keepList(this.isOwnComputer);
    await unlocking.begin(address, { isNew: where !== undefined });
  }

  /**
   * Signs out of the account of this tab. Other accounts of this browser stay signed in.
   * @param {Sealed[]} letters the letters of the outbox that may be lost
   * @returns {Promise<boolean>} false if nobody was signed out, because another letter waits
   */
  signOut(letters) {
    return this.#signOut(this.address === null ? [] : [this.address], letters, () => this.#services.api.signOut());
  }

  /** Signs out of all accounts of this browser. Resolves as `signOut` does. @param {Sealed[]} letters */
  async signOutAll(letters) {
    const { accounts } = this.#services;
    await accounts.look().catch(() => undefined);
    return this.#signOut(accounts.all.map(({ address }) => address), letters, () => accounts.signOutAll());
  }

  /**
   * Shows another account in this tab, or the form to sign in to one. Resolves with false if a letter would be lost.
   * @param {string} choice the id of the account, or NEW_ACCOUNT
   */
  async change(choice) {
    const { unfinishedDrafts, kept, roaming, accounts } = this.#services;
    if (unfinishedDrafts.hasUnkept) await unfinishedDrafts.keepBeforeLock();
    if (unfinishedDrafts.hasUnkept) return false;
    await Promise.all([kept.settled, roaming.finish()]);
    accounts.change(choice);
    return true;
  }

  /** The bridge has ended the session. */
  ended() {
    if (this.address === null) return;
    const services = this.#services;
    services.events.stop();
    services.arrival.forget();
    this.#lastAddress = this.address;
    this.address = null;
    services.away.letters.look();
    services.navigate("/sign-in");
    services.announce(services.translate(services.hasDraft() ? "error_session_ended" : "session_ended"));
  }

  /** @param {string[]} left the addresses of the accounts @param {Sealed[]} letters @param {() => Promise<void>} end */
  async #signOut(left, letters, end) {
    const services = this.#services;
    const { accounts, kept, roaming, away, events, unlocking, translate } = services;
    if (!(await accounts.forgetKept(left, letters))) return false;
    await Promise.all([kept.settled, roaming.finish(), away.end()]);
    events.stop();
    this.#place.forget();
    this.address = null;
    this.#lastAddress = null;
    accounts.choose(null);
    this.#isSessionLeft = await end().then(() => false, () => true);
    for (const address of left) void unlocking.tellSignedOut(address);
    await accounts.look().catch(() => undefined);
    services.navigate("/sign-in");
    services.announce(translate(this.#isSessionLeft ? "sign_out_unconfirmed" : "signed_out"));
    return true;
  }
}
