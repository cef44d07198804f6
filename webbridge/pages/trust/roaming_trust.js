/**
 * Contacts, decisions and settings that roam. They are merged with the account at the key server in the background.
 *
 * The account's entries are read when the keys come from the account. Changes are sent a moment later, several at once. One
 * merge runs at a time.
 */

import { ApiError } from "../../../wasm_build/vault/server/json_requests.js";

/** @typedef {import("../../../wasm_build/vault/account/key_account.js").KeyAccount} KeyAccount */
/** @typedef {import("../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../keys/roaming_keys.js").RoamingKeys} RoamingKeys */
/** @typedef {import("./trust_keeper.js").TrustKeeper} TrustKeeper */
/**
 * @typedef {"off" | "waiting" | "stored" | "ended" | "failed"} Roaming `off` without an account at a key server; `ended` if
 *   the session has ended, so that the keys have to be unlocked again; `failed` if another try follows
 */

/**
 * The settings of these pages that roam. `take` gets the account's settings after a merge.
 * @typedef {{texts: () => Record<string, Record<string, string | null>>, take: (account: Named) => void}} Settings
 */
/** @typedef {import("../../../wasm_build/vault/account/roaming_settings.js").Named} Named */

/** Changes that follow within this time are sent together. */
const PAUSE_MILLISECONDS = 2_000;
const RETRY_MILLISECONDS = 60_000;
/** The longest time that the first verdict waits for the decisions of the account. A later merge shows the message again. */
const PATIENCE_MILLISECONDS = 3_000;
/** The codes of errors that only another login can solve. */
const ENDED = ["login-ended", "locked"];

/** Dispatches "change" when `roaming`, `refused` or `staying` change. */
export class RoamingTrust extends EventTarget {
  #roamingKeys;
  #trust;
  #settings;
  /** @type {KeyAccount | null} */
  #account = null;
  /** @type {Roaming} */
  #roaming = "off";
  /** @type {unknown} */
  #problem = null;
  /** @type {string[]} */
  #refused = [];
  #staying = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isRunning = false;
  /** Resolves when the latest merge is done. @type {Promise<void>} */
  #latest = Promise.resolve();

  /** @param {{keys: KeyRing, roamingKeys: RoamingKeys, trust: TrustKeeper}} services @param {Settings} settings */
  constructor({ keys, roamingKeys, trust }, settings) {
    super();
    this.#settings = settings;
    this.#roamingKeys = roamingKeys;
    this.#trust = trust;
    keys.addEventListener("change", () => this.#keysChanged());
    trust.addEventListener("learned", () => this.#learned());
  }

  get roaming() {
    return this.#roaming;
  }

  /** The error because of which the latest changes are only here. */
  get problem() {
    return this.#problem;
  }

  /** The names of entries in the account that none of the person's keys has signed. They do not count. */
  get refused() {
    return this.#refused;
  }

  /** The number of contacts, decisions and settings that stay in this browser. */
  get staying() {
    return this.#staying;
  }

  #keysChanged() {
    const { account } = this.#roamingKeys;
    if (account === this.#account) return;
    this.#account = account;
    this.#refused = [];
    this.#staying = 0;
    this.#say(account ? "waiting" : "off");
    clearTimeout(this.#timer);
    if (!account || this.#isRunning) return;
    this.#begin();
    this.#trust.known = withPatience(this.#latest);
  }

  /** Sends waiting changes before a sign-out. Resolves after a short time, also if the changes could not be sent. */
  finish() {
    if (this.#roaming === "waiting") this.#begin();
    return withPatience(this.#latest);
  }

  #begin() {
    if (!this.#isRunning) this.#latest = this.#merge(this.#trust.known);
  }

  #learned() {
    // A running merge checks at its end whether something has changed meanwhile.
    if (!this.#account || this.#isRunning || this.#roaming === "ended") return;
    this.#say("waiting");
    this.#plan(PAUSE_MILLISECONDS);
  }

  /** @param {number} milliseconds */
  #plan(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#begin(), milliseconds);
  }

  /** @param {Promise<void>} known resolves when the contacts of earlier sessions are there */
  async #merge(known) {
    const account = this.#account;
    if (!account || this.#isRunning) return;
    this.#isRunning = true;
    try {
      await known;
      const trust = this.#trust;
      const { version } = trust;
      const ownState = { ...trust.contacts(), decisions: trust.decisions(), base: trust.merged(), sent: trust.sent() };
      const merged = await account.merge(ownState, this.#settings.texts(), async (sent) => {
        if (account !== this.#account) return;
        trust.noteUnconfirmed(sent);
        await withPatience(trust.unconfirmedStored);
      });
      // Changes during the merge need another merge. From the sent state, the next merge knows what this page has sent
      // to the account.
      if (account !== this.#account || version !== trust.version) return;
      this.#trust.keepMerged(merged);
      this.#refused = merged.refused;
      this.#staying = merged.staying;
      this.#settings.take(merged.others);
      // A setting of the account may have locked the keys.
      if (account === this.#account) this.#say("stored");
    } catch (error) {
      if (account !== this.#account) return;
      const hasEnded = error instanceof ApiError && ENDED.includes(error.code);
      this.#say(hasEnded ? "ended" : "failed", error);
    } finally {
      this.#isRunning = false;
      if (this.#account && this.#account !== account) this.#plan(0);
      else if (this.#roaming === "waiting") this.#plan(PAUSE_MILLISECONDS);
      else if (this.#roaming === "failed") this.#plan(RETRY_MILLISECONDS);
    }
  }

  /** @param {Roaming} roaming @param {unknown} [problem] */
  #say(roaming, problem = null) {
    this.#roaming = roaming;
    this.#problem = problem;
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {Promise<void>} done @returns {Promise<void>} */
function withPatience(done) {
  const patience = new Promise((resolve) => { setTimeout(resolve, PATIENCE_MILLISECONDS); });
  return Promise.race([done, patience]).then(() => undefined);
}
