/**
 * The verdicts and encrypted subjects of messages, learnt by opening them, for the rows of lists.
 *
 * In the page they are only while the keys are unlocked. On the person's own computer they are kept between sessions, one
 * record for each folder, sealed in the vault under a symmetric key of the person's identity and bound to account and
 * folder. An entry is for one message: its folder, UIDVALIDITY and UID, what its row said, and the digest of its bytes. A
 * failure to keep or read them is not reported: its only effect is that rows show less.
 */

import { accountDigest, openLearnt } from "../app/state_database.js";

/** @typedef {import("../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../keys/keys.js").Vault} Vault */
/** @typedef {import("../app/routes.js").MessageAddress} MessageAddress */
/** @typedef {import("../../../wasm_build/ui/state_mark.js").State} State */
/**
 * @typedef {{
 *   state: State | null, isUncovered?: boolean, sender: string, to?: string | null, subject: string, date: string | null,
 *   isEncrypted: boolean,
 * }} Lesson the texts of the opened message, which its row shows beside the state
 *   `state` is null if only the encrypted subject was read, and if the verdict does not cover the texts (`isUncovered`); `sender`
 *   is the proved author of a verified message; `to` are the recipients, null for a row that names the sender
 */
/** @typedef {Lesson & {row: string, digest: string, at: number}} Entry `row` is what the row of the message said */
/** @typedef {{entries: Map<string, Entry>, counter: number, reading: Promise<void> | null, timer: number}} Held */

/** The entries of format 1 had no texts of their own beside a state, so they are dropped. */
const FORMAT = 2;
/** In each folder, the entries that were learnt last are kept. */
const MAX_ENTRIES = 500;
/** The record of a folder is sealed once for messages that are opened soon after each other. */
const WRITE_MILLISECONDS = 1_000;
/**
 * The name of the lock for writing, so that no tab overwrites what another tab has just written, and of the channel on which
 * tabs tell that all was forgotten.
 */
const TURN = "sealwax-learnt-rows";

/** Dispatches "change" when entries were read or forgotten. */
export class LearntRows extends EventTarget {
  #vault;
  #keys;
  #account;
  /** By the id of the folder. @type {Map<string, Held>} */
  #folders = new Map();
  #otherTabs = new BroadcastChannel(TURN);

  /**
   * @param {() => Promise<Vault>} vault
   * @param {KeyRing} keys
   * @param {() => string | null} account the address whose entries are kept; null if nothing may be kept
   */
  constructor(vault, keys, account) {
    super();
    this.#vault = vault;
    this.#keys = keys;
    this.#account = account;
    keys.addEventListener("change", () => {
      if (!keys.unlocked) this.forget();
    });
    this.#otherTabs.addEventListener("message", ({ data }) => void this.#forgetToo(data));
  }

  /**
   * The lesson that was learnt of a message; null if nothing was, or if its row now says something else.
   * @param {MessageAddress} address
   * @param {string} row
   * @returns {Lesson | null}
   */
  find(address, row) {
    const entry = this.#folders.get(address.folder)?.entries.get(nameOf(address));
    return entry?.row === row ? entry : null;
  }

  /**
   * @param {MessageAddress} address
   * @param {string} row what the row of the message says
   * @param {string} digest the digest of the message's bytes
   * @param {Lesson} lesson
   */
  learn(address, row, digest, lesson) {
    if (!this.#keys.unlocked) return;
    const held = this.#hold(address.folder);
    const name = nameOf(address);
    const before = held.entries.get(name);
    // Other bytes under the same number are another message, of which nothing is known.
    const known = before?.digest === digest && before.row === row ? before : null;
    const isOnlySubject = lesson.state === null && !lesson.isUncovered;
    const next = known && isOnlySubject ? { ...known, subject: lesson.subject } : { ...lesson, row, digest };
    held.entries.delete(name);
    held.entries.set(name, { ...next, at: Date.now() });
    clearTimeout(held.timer);
    held.timer = window.setTimeout(() => void this.#write(address.folder, held), WRITE_MILLISECONDS);
  }

  /** Reads the kept entries of a folder, once for each unlocking. @param {string} folder */
  async load(folder) {
    const account = this.#account();
    if (!this.#keys.unlocked || account === null) return;
    const held = this.#hold(folder);
    held.reading ??= this.#read(account, folder, held);
    await held.reading;
  }

  /** @param {string} account @param {string} folder @param {Held} held */
  async #read(account, folder, held) {
    await this.#join(account, folder, held).catch(() => undefined);
    if (this.#folders.get(folder) === held && held.entries.size > 0) this.dispatchEvent(new Event("change"));
  }

  /** Forgets all entries in this page. What is kept stays sealed. */
  forget() {
    for (const { timer } of this.#folders.values()) clearTimeout(timer);
    this.#folders.clear();
    this.dispatchEvent(new Event("change"));
  }

  /** Deletes all entries, also the kept ones: the person trusts less than when they were learnt. */
  async forgetForGood() {
    const account = this.#account();
    this.forget();
    if (account === null) return;
    await navigator.locks.request(TURN, () => openLearnt.removeAll(account)).catch(() => undefined);
    this.#otherTabs.postMessage(await accountDigest(account));
  }

  /** @param {unknown} forgotten the digest of the account of another tab */
  async #forgetToo(forgotten) {
    const account = this.#account();
    if (account !== null && (await accountDigest(account)) === forgotten) this.forget();
  }

  /** @param {string} folder @returns {Held} */
  #hold(folder) {
    const held = this.#folders.get(folder) ?? { entries: new Map(), counter: 0, reading: null, timer: 0 };
    this.#folders.set(folder, held);
    return held;
  }

  /** Adds the kept entries of a folder to those of this page. @param {string} account @param {string} folder @param {Held} held */
  async #join(account, folder, held) {
    const kept = await openLearnt.read(account, folder);
    if (!kept || kept.counter <= held.counter) return;
    held.counter = kept.counter;
    const vault = await this.#vault();
    const place = await placeOf(account, folder);
    const { draft } = await vault.call("draft.open", { sealed: kept.sealed, place, ...this.#keys.copies({ byPerson: false }) });
    const { format, entries } = JSON.parse(new TextDecoder().decode(draft));
    if (format !== FORMAT) return;
    const latest = new Map(held.entries);
    for (const [name, entry] of entries) if ((latest.get(name)?.at ?? 0) < entry.at) latest.set(name, entry);
    held.entries = new Map([...latest].sort(([, one], [, other]) => one.at - other.at));
  }

  /** @param {string} folder @param {Held} held */
  async #write(folder, held) {
    const account = this.#account();
    if (account === null || !this.#keys.unlocked || this.#folders.get(folder) !== held) return;
    await navigator.locks.request(TURN, async () => {
      // A tab that slept, or whose write waited, has not heard yet that all was forgotten.
      const kept = await openLearnt.read(account, folder);
      if ((kept?.counter ?? 0) < held.counter) return this.forget();
      // A record that does not open is replaced.
      await this.#join(account, folder, held).catch(() => undefined);
      if (this.#folders.get(folder) !== held) return;
      held.entries = new Map([...held.entries].slice(-MAX_ENTRIES));
      const draft = new TextEncoder().encode(JSON.stringify({ format: FORMAT, entries: [...held.entries] })).buffer;
      const vault = await this.#vault();
      const place = await placeOf(account, folder);
      const { sealed } = await vault.call("draft.seal", { draft, place, ...this.#keys.copies({ byPerson: false }) });
      // Forgotten meanwhile, by a lock or for good.
      if (this.#folders.get(folder) !== held) return;
      held.counter += 1;
      await openLearnt.write(account, folder, held.counter, sealed);
    }).catch(() => undefined);
  }
}

/** The digest by which a message is recognised. @param {ArrayBuffer} message @returns {Promise<string>} */
export async function digestOf(message) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", message));
  return Array.from(digest, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** @param {MessageAddress} address */
function nameOf({ uidValidity, uid }) {
  return `${uidValidity}/${uid}`;
}

/** The place to which the vault binds a record. @param {string} account @param {string} folder */
async function placeOf(account, folder) {
  return `learnt rows of ${await accountDigest(account)} in ${folder}`;
}
