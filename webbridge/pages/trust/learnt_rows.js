/**
 * The verdicts and encrypted subjects that the page learns by opening messages. The rows of lists show them.
 *
 * They are in the page only while the keys are unlocked. On the person's own computer they are kept between sessions, with
 * one record for each folder. The vault seals a record under a symmetric key of the person's identity, bound to account and
 * folder. An entry is for one message, identified by folder, UIDVALIDITY and UID, the text of the row, and the digest of
 * the bytes. A failure to keep or read entries is not reported, because rows then only show less.
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
 * }} OpenedRow the texts of the opened message, which the message's row shows beside the state.
 *   `state` is null if only the encrypted subject was read, or if the verdict does not cover the texts (`isUncovered`);
 *   `sender` is the proved author of a verified message; `to` are the recipients, and null for a row that names the sender
 */
/** @typedef {OpenedRow & {row: string, digest: string, at: number}} Entry `row` is what the row of the message said */
/** @typedef {{entries: Map<string, Entry>, counter: number, reading: Promise<void> | null, timer: number}} Held */

/** Entries of format 1 are dropped, because they had a state without texts. */
const FORMAT = 2;
/** The largest number of entries for a folder. The latest entries are kept. */
const MAX_ENTRIES = 500;
/** The wait before a folder's record is sealed, so that it is sealed once for messages that are opened soon after each other. */
const WRITE_MILLISECONDS = 1_000;
/**
 * The name of a lock and of a channel. With the lock, no tab overwrites what another tab has just written. On the channel,
 * tabs report that all entries were deleted.
 */
const TURN = "sealwax-learnt-rows";

/** Dispatches "change" when entries were read or forgotten, and "opened" when the person has read a message. */
export class LearntRows extends EventTarget {
  #vault;
  #keys;
  #account;
  /** The entries by the id of the folder. @type {Map<string, Held>} */
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
   * The facts that were learnt from a message; null for none, or if the message's row now says something else.
   * @param {MessageAddress} address
   * @param {string} row
   * @returns {OpenedRow | null}
   */
  find(address, row) {
    const entry = this.#folders.get(address.folder)?.entries.get(nameOf(address));
    return entry?.row === row ? entry : null;
  }

  /**
   * @param {MessageAddress} address
   * @param {string} row what the row of the message says
   * @param {string} digest the digest of the message's bytes
   * @param {OpenedRow} openedRow
   */
  learn(address, row, digest, openedRow) {
    if (!this.#keys.unlocked) return;
    const memory = this.#hold(address.folder);
    const name = nameOf(address);
    const before = memory.entries.get(name);
    // Other bytes under the same UID are another message, about which nothing is known.
    const known = before?.digest === digest && before.row === row ? before : null;
    const isOnlySubject = openedRow.state === null && !openedRow.isUncovered;
    const next = known && isOnlySubject ? { ...known, subject: openedRow.subject } : { ...openedRow, row, digest };
    memory.entries.delete(name);
    memory.entries.set(name, { ...next, at: Date.now() });
    clearTimeout(memory.timer);
    memory.timer = window.setTimeout(() => void this.#write(address.folder, memory), WRITE_MILLISECONDS);
    if (!isOnlySubject) this.dispatchEvent(new Event("opened"));
  }

  /** Reads the kept entries of a folder, once for each unlocking. @param {string} folder */
  async load(folder) {
    const account = this.#account();
    if (!this.#keys.unlocked || account === null) return;
    const memory = this.#hold(folder);
    memory.reading ??= this.#read(account, folder, memory);
    await memory.reading;
  }

  /** @param {string} account @param {string} folder @param {Held} memory */
  async #read(account, folder, memory) {
    await this.#join(account, folder, memory).catch(() => undefined);
    if (this.#folders.get(folder) === memory && memory.entries.size > 0) this.dispatchEvent(new Event("change"));
  }

  /** Forgets all entries in this page. The kept records stay, and are sealed. */
  forget() {
    for (const { timer } of this.#folders.values()) clearTimeout(timer);
    this.#folders.clear();
    this.dispatchEvent(new Event("change"));
  }

  /** Deletes all entries, in this page and in the kept records, because the person trusts less than before. */
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
    const memory = this.#folders.get(folder) ?? { entries: new Map(), counter: 0, reading: null, timer: 0 };
    this.#folders.set(folder, memory);
    return memory;
  }

  /** Adds the kept entries of a folder to those of this page. @param {string} account @param {string} folder @param {Held} memory */
  async #join(account, folder, memory) {
    const record = await openLearnt.read(account, folder);
    if (!record || record.counter <= memory.counter) return;
    memory.counter = record.counter;
    const vault = await this.#vault();
    const { draft } = await vault.call("draft.open", {
      sealed: record.sealed, place: await placeOf(account, folder), ...this.#keys.copies({ byPerson: false }),
    });
    const { format, entries } = JSON.parse(new TextDecoder().decode(draft));
    if (format !== FORMAT) return;
    const latest = new Map(memory.entries);
    for (const [name, entry] of entries) if ((latest.get(name)?.at ?? 0) < entry.at) latest.set(name, entry);
    memory.entries = new Map([...latest].sort(([, one], [, other]) => one.at - other.at));
  }

  /** @param {string} folder @param {Held} memory */
  async #write(folder, memory) {
    const account = this.#account();
    if (account === null || !this.#keys.unlocked || this.#folders.get(folder) !== memory) return;
    await navigator.locks.request(TURN, async () => {
      // A tab that slept, or whose write waited, has not heard yet that all entries were deleted.
      const record = await openLearnt.read(account, folder);
      if ((record?.counter ?? 0) < memory.counter) return this.forget();
      // A record that does not open is replaced.
      await this.#join(account, folder, memory).catch(() => undefined);
      if (this.#folders.get(folder) !== memory) return;
      memory.entries = new Map([...memory.entries].slice(-MAX_ENTRIES));
      const draft = new TextEncoder().encode(JSON.stringify({ format: FORMAT, entries: [...memory.entries] })).buffer;
      const vault = await this.#vault();
      const { sealed } = await vault.call("draft.seal", {
        draft, place: await placeOf(account, folder), ...this.#keys.copies({ byPerson: false }),
      });
      // The entries were forgotten meanwhile, because of a lock or for good.
      if (this.#folders.get(folder) !== memory) return;
      memory.counter += 1;
      await openLearnt.write(account, folder, memory.counter, sealed);
    }).catch(() => undefined);
  }
}

/** @param {MessageAddress} address */
function nameOf({ uidValidity, uid }) {
  return `${uidValidity}/${uid}`;
}

/** The place to which the vault binds a record. @param {string} account @param {string} folder */
async function placeOf(account, folder) {
  return `learnt rows of ${await accountDigest(account)} in ${folder}`;
}
