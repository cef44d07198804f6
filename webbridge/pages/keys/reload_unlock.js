/**
 * Unlocking again after a reload, within the minutes that the person has chosen on this device.
 *
 * The vault encrypts the identities under HKDF(browser's half ‖ bridge's half). The browser keeps the ciphertext and its
 * half. The bridge keeps the other half and gives it once, to the session that asked for it. Both halves are made anew
 * at every unlocking and every reload. A lock deletes the ciphertext and both halves. The deadlines of the unlocking go
 * on after a reload.
 */

import { overwrite, SECRET_BUFFER_BYTES } from "../../../wasm_build/vault/memory/cleanup.js";
import { sha256Hex } from "../../../wasm_build/vault/values/hexadecimal.js";
import { LIMITS } from "../../../wasm_build/vault/storage/session.js";
import { openAfterReload, sealForReload } from "./device_bundles.js";
import { openReloads } from "./reload_database.js";
import { HALF_BYTES } from "./reload_halves.js";
import { keepText, keptText } from "../app/kept_choice.js";
import { accountDigest } from "../app/state_database.js";

/** @typedef {import("./keys.js").KeyRing} KeyRing */
/** @typedef {import("./reload_database.js").KeptForReload} KeptForReload */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").LockedEvent} LockedEvent */
/** @typedef {"over" | "refused" | "clock"} Refusal */

/** The numbers of minutes that the person can choose. The bridge may forbid the longer ones. */
const MINUTES = [1, 5, 15];
const NAME_BYTES = 16;
const MINUTE_MILLISECONDS = 60_000;
/** The shortest time between two notes of a use. A use is noted at the bridge and in the record. */
const USE_MILLISECONDS = 20_000;
/** A clock may be put back by this time, because small corrections are usual. The vault's sessions have the same tolerance. */
const CLOCK_TOLERANCE_MILLISECONDS = 5_000;
/** The name of the lock under which tabs change the record. */
const TURN = "sealwax-reload";
/** The names in localStorage of the chosen minutes, and of the mark that the keys were locked. */
const CHOICE = "sealwax-reload-minutes";
const LOCKED = "sealwax-reload-locked";
/** Errors that say that the bridge has no half. After other errors the bridge may have it. */
const GONE = new Set(["half-gone", "reload-forbidden", "not-found", "method-not-allowed", "bad-request"]);
/** A lock for these reasons keeps the record. A closed or frozen tab overwrites its keys, and is unlocked again later. */
const ENDS_OF_ONE_TAB = new Set(["left", "asleep"]);

/** Dispatches "change" when the choice or `refusal` changes. */
export class ReloadUnlock extends EventTarget {
  #keys;
  #halves;
  #mayKeep;
  /** The longest time that the bridge allows; 0 if the bridge forbids unlocking after a reload, or does not know it. */
  #longest = 0;
  /** @type {string | null} */
  #account = null;
  /** The keys in the record, as the fingerprints of their certificates. */
  #kept = "";
  #notedUse = -Infinity;
  /** The reason why the keys are not unlocked after this reload. @type {Refusal | null} */
  #refusal = null;
  #isCancelled = false;
  /** Resolves when all queued tasks are done. @type {Promise<unknown>} */
  #turn = Promise.resolve();

  /**
   * @param {KeyRing} keys
   * @param {import("./reload_halves.js").ReloadHalves} halves
   * @param {{mayKeep: () => boolean}} options `mayKeep` says whether this is the person's own computer
   */
  constructor(keys, halves, { mayKeep }) {
    super();
    this.#keys = keys;
    this.#halves = halves;
    this.#mayKeep = mayKeep;
    keys.addEventListener("change", () => this.#keysChanged());
    keys.addEventListener("locked", (event) => this.#locked(/** @type {LockedEvent} */ (event).reason));
    keys.addEventListener("used", () => this.#noteUse());
  }

  /** @param {number} minutes the longest time that the bridge allows */
  allow(minutes) {
    this.#longest = minutes;
  }

  /** The minutes that the person can choose, without "off"; empty if this is not the person's own computer. */
  get choices() {
    if (!this.#mayKeep()) return [];
    return [...new Set([...MINUTES, this.#longest])].filter((minutes) => minutes > 0 && minutes <= this.#longest).sort((one, other) => one - other);
  }

  /** The chosen minutes; 0 for "off". */
  get minutes() {
    const chosen = Number(this.#stored(CHOICE));
    return this.choices.findLast((choice) => choice <= chosen) ?? 0;
  }

  get refusal() {
    return this.#refusal;
  }

  /** @param {string} address of the person who has signed in */
  async begin(address) {
    this.#account = await accountDigest(address);
    // The half at the bridge belongs to one session, so a new session makes a new record.
    this.#kept = "";
    this.#keysChanged();
  }

  /** Forgets the account and its record, at sign-out. */
  end() {
    const account = this.#account;
    void this.#inTurn(() => this.#remove(account)).catch(() => undefined);
    this.#account = null;
    this.#refusal = null;
  }

  /** Removes a record whose half at the bridge ended with the earlier session. */
  async forget() {
    const account = this.#account;
    if (!this.#keys.unlocked) await this.#inTurn(() => this.#remove(account)).catch(() => undefined);
  }

  /** Notes that another tab has locked the keys. The keys that this tab is unlocking after a reload may be those keys. */
  cancel() {
    this.#isCancelled = true;
  }

  /** @param {number} minutes */
  async choose(minutes) {
    const account = this.#account;
    this.#store(CHOICE, minutes > 0 ? String(minutes) : null);
    await this.#inTurn(() => this.#drop(account)).catch(() => undefined);
    await this.#inTurn(() => this.#make()).catch(() => undefined);
    this.dispatchEvent(new Event("change"));
  }

  /** Whether there is something to unlock after this reload. */
  async isDue() {
    if (this.#account === null || this.#keys.unlocked || this.minutes === 0 || !(await openReloads.exists())) return false;
    return (await openReloads.read(this.#account).catch(() => null)) !== null;
  }

  /**
   * Unlocks the keys that were unlocked before the reload. If that fails, `refusal` has the reason.
   * @param {() => Promise<boolean>} askTabs asks the other tabs first. Two tabs that are loaded at once find the same
   *   record, and only one of them may use it
   * @returns {Promise<boolean>} whether the keys are unlocked now
   */
  async resume(askTabs) {
    this.#isCancelled = false;
    await navigator.locks.request(`${TURN} ${this.#account}`, async () => {
      if (!(await askTabs())) await this.#open();
    }).catch((error) => {
      // After the error "locked", a deadline of the unlocking is over. The event "locked" has already said which
      // deadline.
      if (error.code !== "locked") this.#refuse("refused");
    });
    if (this.#isCancelled) this.#keys.lock("elsewhere");
    return this.#keys.unlocked;
  }

  async #open() {
    const account = this.#account;
    const record = account && (await openReloads.read(account).catch(() => null));
    if (!account || !record || this.#keys.unlocked || !this.#mayKeep()) return;
    // A tab that was closed right after a lock could not delete the record.
    const isLocked = this.#isCancelled || this.#stored(LOCKED) !== null;
    const refusal = isLocked ? null : judge(record, this.minutes);
    if (isLocked || refusal) {
      await this.#drop(account);
      return this.#refuse(refusal);
    }
    const taken = await this.#halves.take(record.name).catch((error) => {
      if (!GONE.has(error.code)) throw error;
      return null;
    });
    // The bridge has deleted its half, so the record no longer opens.
    await this.#remove(account);
    if (!taken) return this.#refuse("refused");
    // The clock here may have been set back. Then more time has passed by the bridge's clock.
    const behind = Math.max(0, taken.ageMilliseconds - (Date.now() - record.used));
    const ages = () => ({ begun: Date.now() - record.begun + behind, used: Date.now() - record.used + behind });
    const halves = join(record.half, taken.half);
    if (account !== this.#account) return overwrite(halves.buffer);
    await openAfterReload(this.#keys, contextOf(record), halves, { kept: record.kept, ages });
  }

  #keysChanged() {
    const fingerprints = this.#fingerprints;
    if (this.#account === null || fingerprints === this.#kept || !this.#keys.unlocked) return;
    this.#refusal = null;
    // A tab that got its keys from another tab makes no record. The other tab has made it.
    if (this.#keys.way === "tab" || this.minutes === 0) return;
    this.#kept = fingerprints;
    void this.#inTurn(() => this.#make()).catch(() => { this.#kept = ""; });
  }

  /** Encrypts the unlocked identities under two new halves. */
  async #make() {
    const [account, ages, minutes] = [this.#account, this.#keys.ages, this.minutes];
    if (!account || !ages || minutes === 0) return;
    // The ages are those of this moment, and the bridge's answer may take seconds.
    const now = Date.now();
    const times = { begun: Math.floor(now - ages.begun), used: Math.floor(now - ages.used) };
    const half = new ArrayBuffer(HALF_BYTES);
    crypto.getRandomValues(new Uint8Array(half));
    // The bridge keeps its half under this name, which reveals nothing about the browser's half.
    const name = (await sha256Hex(half)).slice(0, 2 * NAME_BYTES);
    const halves = join(half, await this.#halves.make(name, minutes), { keepsFirst: true });
    const record = { account, name, half, minutes, ...times };
    const bundle = await sealForReload(this.#keys, contextOf(record), halves);
    if (account !== this.#account || !this.#keys.unlocked) return;
    this.#kept = this.#fingerprints;
    this.#store(LOCKED, null);
    await openReloads.write({ ...record, kept: bundle });
  }

  #noteUse() {
    const now = performance.now();
    if (this.#account === null || now - this.#notedUse < USE_MILLISECONDS || this.minutes === 0) return;
    this.#notedUse = now;
    void this.#inTurn(() => this.#renew()).catch(() => undefined);
  }

  /** Lets the minutes begin again. If the bridge has lost its half, both halves are made anew. */
  async #renew() {
    const account = this.#account;
    const record = account && (await openReloads.read(account));
    if (!record || !this.#keys.unlocked) return;
    try {
      await this.#halves.noteUse(record.name);
    } catch (error) {
      if (!GONE.has(/** @type {{code?: string}} */ (error).code ?? "")) throw error;
      return this.#make();
    }
    // If the keys were locked meanwhile, the record was removed.
    if (this.#keys.unlocked) await openReloads.write({ ...record, used: Math.max(record.used, Date.now()) });
  }

  /** @param {import("../../../wasm_build/vault/storage/session.js").LockReason} reason */
  #locked(reason) {
    const account = this.#account;
    this.#kept = "";
    if (account === null || ENDS_OF_ONE_TAB.has(reason) || !this.#mayKeep() || !this.#stored(CHOICE)) return;
    // The mark is stored at once, because the person may close the tab now.
    this.#store(LOCKED, "yes");
    // A person who signs out ends the session, and with it the bridge's half.
    if (reason === "signed-out") return void this.#inTurn(() => this.#remove(account)).catch(() => undefined);
    void this.#halves.delete().catch(() => undefined);
    // The halves are deleted once more, because `#make` may still be storing a new half at the bridge.
    void this.#inTurn(() => this.#drop(account)).catch(() => undefined);
  }

  /** Deletes the record and both halves. @param {string | null} account */
  async #drop(account) {
    if (!account || !(await openReloads.exists())) return;
    const isKept = (await openReloads.read(account).catch(() => null)) !== null;
    await this.#remove(account);
    if (isKept) await this.#halves.delete().catch(() => undefined);
  }

  /** @param {string | null} account */
  async #remove(account) {
    this.#kept = "";
    if (account && (await openReloads.exists())) await openReloads.remove(account);
  }

  /** @param {Refusal | null} refusal null after a lock, because the person knows the reason */
  #refuse(refusal) {
    this.#refusal = refusal;
    this.dispatchEvent(new Event("change"));
  }

  /** Runs a task while no other task runs, in any tab. @template T @param {() => Promise<T>} task @returns {Promise<T>} */
  #inTurn(task) {
    const name = `${TURN} ${this.#account}`;
    const done = this.#turn.then(() => navigator.locks.request(name, task));
    this.#turn = done.catch(() => undefined);
    return done;
  }

  get #fingerprints() {
    return this.#keys.identities.map(({ fingerprint }) => fingerprint).join(" ");
  }

  /** @param {string} name */
  #stored(name) {
    return keptText(`${name} ${this.#account}`);
  }

  /** @param {string} name @param {string | null} text */
  #store(name, text) {
    // A browser that stores nothing keeps no keys either.
    keepText(`${name} ${this.#account}`, text);
  }
}

/** Removes the records whose time is over, of all accounts. */
export async function sweepReloads() {
  if (await openReloads.exists()) await openReloads.sweep((record) => judge(record, record.minutes) !== null);
}

/**
 * The reason why a record may not be used any more; null if it may.
 * @param {KeptForReload} record
 * @param {number} minutes the minutes that are chosen now
 * @returns {Refusal | null}
 */
function judge({ begun, used, minutes: keptMinutes }, minutes) {
  const now = Date.now();
  if (now < used - CLOCK_TOLERANCE_MILLISECONDS) return "clock";
  if (now - begun >= LIMITS.wholeMilliseconds || now - used >= LIMITS.idleMilliseconds) return "over";
  return now - used >= Math.min(keptMinutes, minutes) * MINUTE_MILLISECONDS ? "over" : null;
}

/** @param {{account: string, begun: number}} record */
function contextOf({ account, begun }) {
  return `${account} ${begun}`;
}

/**
 * Both halves in one buffer. Overwrites `theirs`, the bridge's half, which exists nowhere else.
 * @param {ArrayBuffer} ours
 * @param {ArrayBuffer} theirs
 * @param {{keepsFirst?: boolean}} [options] whether the browser's half is still needed
 */
function join(ours, theirs, { keepsFirst = false } = {}) {
  const buffer = new ArrayBuffer(SECRET_BUFFER_BYTES);
  const octets = new Uint8Array(buffer);
  octets.set(new Uint8Array(ours, 0, HALF_BYTES));
  octets.set(new Uint8Array(theirs, 0, HALF_BYTES), HALF_BYTES);
  overwrite(theirs);
  if (!keepsFirst) overwrite(ours);
  return { buffer, length: 2 * HALF_BYTES };
}
