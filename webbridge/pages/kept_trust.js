/**
 * What outlives a session on the person's own computer: contacts and decisions, as ciphertext in this origin's IndexedDB.
 *
 * The vault signs and seals them by the person's own keys (`smime_core/trust_state.py`). They come back when the keys
 * are unlocked, and are written anew after each change. On a computer of somebody else no database is ever opened.
 */

import { keepsAnything, openStates } from "./state_database.js";

/** @typedef {import("./keys.js").KeyRing} KeyRing */
/** @typedef {import("./keys.js").Vault} Vault */
/** @typedef {import("./trust_keeper.js").TrustKeeper} TrustKeeper */
/**
 * @typedef {"off" | "locked" | "kept" | "unreadable" | "failed" | "storage-refused" | "storage-full"} Keeping
 *   `off` on somebody else's computer; `storage-…` where the browser keeps nothing, or nothing more
 */

const OWN_COMPUTER = "own-computer";
/** Tabs of one person take turns, so that none writes over what another has just kept. */
const TURN = "sealwax-kept-trust";

/** Tells "change" when `keeping` is another. */
export class KeptTrust extends EventTarget {
  #vault;
  #keys;
  #trust;
  /** @type {Keeping} */
  #keeping = "locked";
  /** Why what was kept is not used. @type {unknown} */
  #problem = null;
  /** @type {string | null} */
  #account = null;
  /** The newest state that this page has seen, for each account. @type {Map<string, number>} */
  #seen = new Map();
  /** The state that what is known here began with or went into; 0 for none. */
  #held = 0;
  /** Whether what was kept has been opened since the keys were unlocked. */
  #isOpen = false;
  /** Runs one after the other. @type {Promise<void>} */
  #turn = Promise.resolve();
  /** Whether a write waits already that will take the latest. */
  #isWriteDue = false;
  /** How often something was learned here, and how much of that is kept. */
  #learnings = 0;
  #keptLearnings = 0;
  /** Tabs of one browser tell each other that they have kept something: what one removes, none of them brings back. */
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
    this.#otherTabs.addEventListener("message", () => void this.#inTurn(() => this.#catchUp()));
  }

  get keeping() {
    return this.#keeping;
  }

  get problem() {
    return this.#problem;
  }

  /** Settles when everything that is to be kept is. */
  get settled() {
    return this.#turn;
  }

  /**
   * @param {string} account the address of who has signed in
   * @param {{isOwnComputer: boolean}} [answer] at sign-in; a page that was loaded anew remembers it for its tab
   */
  async begin(account, answer) {
    const word = answer ? (answer.isOwnComputer ? "yes" : "no") : recall();
    if (answer) remember(word);
    // Another tab of a session: what is kept here already is kept on.
    const isOwn = word === null ? await keepsAnything() : word === "yes";
    this.#account = isOwn ? account : null;
    this.#isOpen = false;
    this.#say(isOwn ? "locked" : "off");
    this.#keysChanged();
  }

  /** Nobody is signed in any more. What is being written is written still. */
  end() {
    this.#account = null;
    this.#isOpen = false;
    this.#held = 0;
    this.#keptLearnings = this.#learnings;
    this.#problem = null;
  }

  /** Throws away what could not be opened, and keeps what this session knows from now on. */
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
      // What failed may succeed with the next keys.
      if (this.#account && this.#keeping !== "unreadable") this.#say("locked");
    } else if (this.#account && !this.#isOpen && this.#keeping === "locked") {
      this.#trust.known = this.#inTurn(() => this.#open());
    }
  }

  #learned() {
    this.#learnings += 1;
    // What the browser refused at first it may take now.
    if (this.#keeping === "storage-refused") void this.#inTurn(() => this.#open());
    else this.#write();
  }

  async #open() {
    const account = this.#account;
    if (!account || this.#isOpen || !this.#keys.unlocked) return;
    try {
      const kept = await openStates.read(account);
      if (kept) await this.#adopt(account, kept);
      this.#isOpen = true;
      this.#say("kept");
      // What was learned before the keys were there.
      this.#write();
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
      const state = (await openStates.counter(account)) > this.#held ? await openStates.read(account) : null;
      if (!state) return;
      await this.#adopt(account, state);
      // For whatever shows what is kept.
      if (this.#isOpen) this.#say("kept");
    } catch {
      // What is wrong is said when something is to be kept here.
    }
  }

  get #hasUnkept() {
    return this.#learnings > this.#keptLearnings;
  }

  /**
   * Takes over what is kept. What this page knows and the state does not is joined only where it was learned since: else
   * it was removed in another tab.
   * @param {string} account
   * @param {ArrayBuffer} state
   * @returns {Promise<void>}
   */
  async #adopt(account, state) {
    const vault = await this.#vault();
    const leastCounter = this.#seen.get(account) ?? 0;
    const learnings = this.#learnings;
    const joined = this.#hasUnkept ? {} : { contacts: null, decisions: null };
    const { counter, contacts, decisions } = await vault.call("state.open", {
      state: state.slice(0), account, leastCounter, ...this.#arguments(), ...joined,
    });
    if (learnings !== this.#learnings) return this.#adopt(account, state);
    // Locked meanwhile: this page knows all of it, and what was removed since does not come back.
    if (counter === this.#held || account !== this.#account) return;
    this.#seen.set(account, counter);
    this.#held = counter;
    this.#trust.adopt({ contacts, decisions });
  }

  #write() {
    if (!this.#isOpen || !this.#account || this.#isWriteDue) return;
    const account = this.#account;
    this.#isWriteDue = true;
    void this.#inTurn(async () => {
      this.#isWriteDue = false;
      // Locked or signed out: what is not sealed is not kept.
      if (!this.#isOpen || account !== this.#account || !this.#trust.hasLearned) return;
      try {
        await this.#replace(account);
        if (this.#isOpen) this.#say("kept");
      } catch (error) {
        // Locked in the middle: it is written when the keys are unlocked again.
        if (!this.#isOpen) return;
        this.#problem = error;
        this.#say(storageTrouble(error) ?? "failed");
      }
    });
  }

  /** @param {string} account */
  async #replace(account) {
    let args = this.#arguments();
    let learnings = this.#learnings;
    const vault = await this.#vault();
    await navigator.locks.request(TURN, async () => {
      const kept = await openStates.counter(account);
      if (kept > this.#held) {
        // Another tab was faster: what it knows and this one does not is joined first.
        const state = await openStates.read(account);
        if (state) await this.#adopt(account, state);
        args = this.#arguments();
        learnings = this.#learnings;
      }
      const counter = Math.max(kept, this.#seen.get(account) ?? 0) + 1;
      const { state } = await vault.call("state.seal", { account, counter, ...args });
      await openStates.write(account, counter, state);
      this.#seen.set(account, counter);
      if (account !== this.#account) return;
      this.#held = counter;
      this.#keptLearnings = learnings;
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

/** Whether the person has to know about it in whatever view. @param {Keeping} keeping */
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

/** @param {string | null} word */
function remember(word) {
  try {
    sessionStorage.setItem(OWN_COMPUTER, word ?? "no");
  } catch {
    // A browser that keeps nothing asks again after the page was loaded anew.
  }
}

function recall() {
  try {
    return sessionStorage.getItem(OWN_COMPUTER);
  } catch {
    return null;
  }
}
