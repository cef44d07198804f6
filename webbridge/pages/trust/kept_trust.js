/**
 * The trust state that is kept between sessions on the person's own computer: contacts, decisions and address book,
 * encrypted in this origin's IndexedDB.
 *
 * The vault signs and encrypts the state with the person's own keys (`smime_core/own_content/trust_state.py`). It is
 * read when the keys are unlocked, and written after each change. On another person's computer no database is opened.
 */

import { haveSameBytes } from "../../../wasm_build/vault/values/same_bytes.js";
import { accountDigest, openStates } from "../app/state_database.js";

/** @typedef {import("../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../keys/keys.js").Vault} Vault */
/** @typedef {import("./trust_keeper.js").TrustKeeper} TrustKeeper */
/** @typedef {import("../app/state_database.js").OpenState} OpenState */
/**
 * @typedef {"off" | "locked" | "kept" | "unreadable" | "failed" | "storage-refused" | "storage-full"} Keeping
 *   `off` on another person's computer; `storage-…` if the browser stores nothing or has no room left
 */

/** The name under which the answer at the sign-in is stored. The account follows, because accounts of a browser may have different answers. */
const OWN_COMPUTER = "sealwax-own-computer";
const [YES, NO] = ["yes", "no"];
/** The name of the lock for writing, so that no tab overwrites a state that another tab has just written. */
const TURN = "sealwax-kept-trust";

/** Dispatches "change" when `keeping` changes. */
export class KeptTrust extends EventTarget {
  #vault;
  #keys;
  #trust;
  /** @type {Keeping} */
  #keeping = "locked";
  /** The error because of which the kept state is not used. @type {unknown} */
  #problem = null;
  /** @type {string | null} */
  #account = null;
  /** The counter of the newest state that this page has seen, by account. @type {Map<string, number>} */
  #seen = new Map();
  /** The counter of the state that this page has read or written last; 0 for none. */
  #held = 0;
  /** Whether the kept state has been read since the keys were unlocked. Changes are written only after that. */
  #isOpen = false;
  /** Resolves when all queued tasks are done. @type {Promise<void>} */
  #turn = Promise.resolve();
  /** Whether a write is already queued. The write takes the state that is current when it runs. */
  #isWriteDue = false;
  /** The number of changes of contacts and decisions in this page. `#keptLearnings` counts the written changes. */
  #learnings = 0;
  #keptLearnings = 0;
  /** The channel on which tabs report a newly kept state, so that no tab restores an entry that another tab has removed. */
  #otherTabs = new BroadcastChannel(TURN);

  /**
   * @param {() => Promise<Vault>} vault
   * @param {KeyRing} keys
   * @param {TrustKeeper} trust
   */
  constructor(vault, keys, trust) {
    super();
    this.#vault = vault;
    this.#keys = keys;
    this.#trust = trust;
    keys.addEventListener("change", () => this.#keysChanged());
    trust.addEventListener("learned", () => this.#learned());
    trust.addEventListener("sent", () => { trust.unconfirmedStored = this.#inTurn(() => this.#storeUnconfirmed()); });
    this.#otherTabs.addEventListener("message", () => void this.#inTurn(() => this.#catchUp()));
  }

  get keeping() {
    return this.#keeping;
  }

  get problem() {
    return this.#problem;
  }

  /** Resolves when all tasks that are queued now are done, also after the failure of a task. */
  get settled() {
    return this.#turn;
  }

  /**
   * @param {string} account the address of the person who has signed in
   * @param {{isOwnComputer: boolean}} [answer] the answer at sign-in; after a reload and in a new tab the stored answer is
   *   used
   */
  async begin(account, answer) {
    const place = `${OWN_COMPUTER} ${await accountDigest(account)}`;
    if (answer) remember(place, answer.isOwnComputer);
    // If the browser stores nothing, there is no stored answer.
    const isOwn = answer?.isOwnComputer ?? recall(place);
    this.#account = isOwn ? account : null;
    this.#isOpen = false;
    this.#say(isOwn ? "locked" : "off");
    this.#keysChanged();
  }

  /** Stops keeping the state, at sign-out. A write that has already started is finished. */
  end() {
    this.#account = null;
    this.#isOpen = false;
    this.#held = 0;
    this.#keptLearnings = this.#learnings;
    this.#problem = null;
  }

  /** Removes the kept state that could not be read, and keeps the state of this session from now on. */
  async beginAnew() {
    const account = this.#account;
    if (!account) return;
    await this.#inTurn(async () => {
      await openStates.remove(account);
      this.#problem = null;
      this.#isOpen = true;
    });
    this.#say("kept");
    this.#write();
  }

  #keysChanged() {
    if (!this.#keys.unlocked) {
      this.#isOpen = false;
      // After a failure, the next unlocking tries again.
      if (this.#account && this.#keeping !== "unreadable") this.#say("locked");
    } else if (this.#account && !this.#isOpen && this.#keeping === "locked") {
      this.#trust.known = this.#inTurn(() => this.#open());
    }
  }

  #learned() {
    this.#learnings += 1;
    // The browser refused storage before, but may allow it now.
    if (this.#keeping === "storage-refused") void this.#inTurn(() => this.#open());
    else this.#write();
  }

  async #open() {
    const account = this.#account;
    if (!account || this.#isOpen || !this.#keys.unlocked) return;
    try {
      const record = await openStates.read(account);
      if (record) await this.#adopt(account, record);
      this.#isOpen = true;
      this.#say("kept");
      // Changes made before the unlocking are written now.
      if (this.#hasUnkept || !record) this.#write();
    } catch (error) {
      if (account !== this.#account || !this.#keys.unlocked) return;
      this.#problem = error;
      this.#say(storageTrouble(error) ?? "unreadable");
    }
  }

  async #catchUp() {
    const account = this.#account;
    if (!account || !this.#isOpen || this.#hasUnkept) return;
    try {
      const record = await openStates.read(account);
      if (!record || record.counter <= this.#held) return;
      await this.#adopt(account, record);
      // The event makes the views show the new state.
      if (this.#isOpen) this.#say("kept");
    } catch {
      // Nothing is reported: the next write of this tab will report the problem.
    }
  }

  get #hasUnkept() {
    return this.#learnings > this.#keptLearnings;
  }

  /**
   * Replaces the state of this page with the kept state. If this page has changes that are not written yet, the vault joins
   * both states, without the entries that the person has removed here. If this page has no such changes, another tab
   * has removed the entries that the kept state lacks.
   * @param {string} account
   * @param {OpenState} record
   * @returns {Promise<void>}
   */
  async #adopt(account, record) {
    const vault = await this.#vault();
    const learnings = this.#learnings;
    const opened = await vault.call("state.open", {
      state: record.state.slice(0), account, leastCounter: this.#seen.get(account) ?? 0, ...this.#arguments(),
      ...(!this.#hasUnkept && { contacts: null, decisions: null }),
    });
    const { counter } = opened;
    const { contacts, decisions } = this.#hasUnkept ? await this.#withoutRemoved(opened) : opened;
    if (learnings !== this.#learnings) return this.#adopt(account, record);
    // The page has used this state already, before a lock. Using it again would restore entries removed since.
    if (counter === this.#held || account !== this.#account) return;
    this.#seen.set(account, counter);
    this.#held = counter;
    this.#trust.adopt({ contacts, decisions, book: opened.book, merged: record.merged, sent: record.sent });
  }

  /** @param {{contacts: ArrayBuffer, decisions: ArrayBuffer}} joined with entries that the person has removed in this page */
  async #withoutRemoved({ contacts, decisions }) {
    const vault = await this.#vault();
    const { addresses, fingerprints } = this.#trust.removed;
    for (const address of addresses) ({ contacts } = await vault.call("contacts.remove", { contacts, address }));
    for (const fingerprint of fingerprints) {
      const copy = decisions.slice(0);
      ({ decisions } = await vault.call("decision.remove", { decisions: copy, fingerprint }).catch((error) => {
        if (error.code !== "decision-refused-no-such") throw error;
        return { decisions };
      }));
    }
    return { contacts, decisions };
  }

  #write() {
    if (!this.#isOpen || !this.#account || this.#isWriteDue) return;
    const account = this.#account;
    this.#isWriteDue = true;
    void this.#inTurn(async () => {
      this.#isWriteDue = false;
      // After a lock or sign-out nothing is written, because the state cannot be encrypted without the keys.
      if (!this.#isOpen || account !== this.#account || !this.#trust.hasLearned) return;
      try {
        await this.#replace(account);
        if (this.#isOpen) this.#say("kept");
      } catch (error) {
        // The keys were locked during the write. The write is repeated after the next unlocking.
        if (!this.#isOpen) return;
        this.#problem = error;
        this.#say(storageTrouble(error) ?? "failed");
      }
    });
  }

  /** Keeps the state that will be sent. A failure is ignored, because the kept copy is needed only after a lost answer. */
  async #storeUnconfirmed() {
    const account = this.#account;
    if (!account || !this.#isOpen) return;
    const keep = async () => {
      if (!(await openStates.storeUnconfirmed(account, this.#trust.sent()))) await this.#replace(account);
    };
    await keep().catch(() => undefined);
  }

  /** @param {string} account */
  async #replace(account) {
    const vault = await this.#vault();
    await navigator.locks.request(TURN, async () => {
      const before = await openStates.read(account);
      // Another tab has written a newer state. Its entries are joined first.
      if (before && before.counter > this.#held) await this.#adopt(account, before);
      const [args, merged, learnings, { removed }] = [this.#arguments(), this.#trust.merged(), this.#learnings, this.#trust];
      const isMergedHere = !isSame(merged, before?.merged ?? null);
      // The record keeps the state that another tab is sending, until the result of a merge is kept.
      const sent = this.#trust.sent() ?? (isMergedHere ? null : before?.sent ?? null);
      const counter = Math.max(before?.counter ?? 0, this.#seen.get(account) ?? 0) + 1;
      const { state } = await vault.call("state.seal", { account, counter, ...args, book: this.#trust.book.bytes() });
      await openStates.write(account, counter, { state, merged, sent });
      this.#seen.set(account, counter);
      if (account !== this.#account) return;
      this.#held = counter;
      this.#keptLearnings = learnings;
      if (learnings === this.#learnings) this.#trust.forgetRemoved(removed);
    });
    this.#otherTabs.postMessage(null);
  }

  #arguments() {
    return {
      ...this.#keys.copies(), ...this.#trust.contacts(), decisions: this.#trust.decisions(), at: new Date().toISOString(),
    };
  }

  /** @param {() => Promise<void>} task */
  #inTurn(task) {
    const done = this.#turn.then(task);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** @param {Keeping} keeping */
  #say(keeping) {
    this.#keeping = keeping;
    if (keeping === "kept") this.#problem = null;
    this.dispatchEvent(new Event("change"));
  }
}

/** Whether contacts and decisions cannot be kept, so that all views show a notice. @param {Keeping} keeping */
export function isKeepingTrouble(keeping) {
  return keeping !== "off" && keeping !== "locked" && keeping !== "kept";
}

/**
 * @param {unknown} error
 * @returns {"storage-refused" | "storage-full" | null}
 */
function storageTrouble(error) {
  const { code } = /** @type {{code?: string}} */ (error ?? {});
  return code === "storage-refused" || code === "storage-full" ? code : null;
}

/** @param {ArrayBuffer | null} one @param {ArrayBuffer | null} other */
function isSame(one, other) {
  return one === null ? other === null : haveSameBytes(one, other);
}

/** @param {string} place @param {boolean} isOwn */
function remember(place, isOwn) {
  try {
    sessionStorage.setItem(place, isOwn ? YES : NO);
    // New tabs of the account have no answer of their own. Without this mark they keep nothing.
    if (isOwn) localStorage.setItem(place, YES);
    else localStorage.removeItem(place);
  } catch {
    // If the browser stores nothing, the answer is unknown after a reload of the page.
  }
}

/** @param {string} place */
function recall(place) {
  try {
    // Another tab may have got the answer "no" after this tab got "yes".
    return sessionStorage.getItem(place) !== NO && localStorage.getItem(place) === YES;
  } catch {
    return false;
  }
}
