/**
 * One unlocked state for all tabs of this browser that are signed in to the same account.
 *
 * A tab without keys asks the other tabs. A tab with keys asks the bridge which session this browser has now, and gives the
 * keys only if the asking tab knows this session too. The key of the identities is sent under a key that both tabs agree on
 * for this one time. Otherwise the browser would copy the key in clear between its processes, where no page can
 * overwrite it. The identities stay encrypted all the time.
 *
 * Tabs with the same key send each other their identities. So keys that are added later, such as the key of a group, reach
 * the other tabs at once. A tab that was unlocked by itself at the same moment has another key, and gets the added keys
 * at its next unlocking.
 *
 * Every unlocking has an id. A tab that locks sends the ids that it knows, once, also if another tab has locked it. A
 * tab may get keys while the message about a lock is on its way. The tab that gave these keys then locks it.
 */

import { overwrite, SECRET_BUFFER_BYTES } from "../../../wasm_build/vault/memory/cleanup.js";
import { hexFromBytes, sha256Hex } from "../../../wasm_build/vault/values/hexadecimal.js";
import { SEAL_KEY_BYTES } from "../../../wasm_build/vault/storage/session.js";
import { accountDigest } from "../app/state_database.js";

/** @typedef {import("./keys.js").KeyRing} KeyRing */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").LockReason} LockReason */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").LockedEvent} LockedEvent */
/** @typedef {import("../../../wasm_build/vault/storage/session.js").Secret} Secret */
/** @typedef {{publicKey: ArrayBuffer, privateKey: CryptoKey}} Pair of keys for one answer */
/** @typedef {{nonce: string, pair: Pair, done: (isUnlocked: boolean) => void}} Question */

/** The number in the name grows when the messages change, so that tabs of different versions do not hear each other. */
const CHANNEL = "sealwax-unlocked 1";
const CURVE = { name: "ECDH", namedCurve: "P-256" };
const ANSWER_MILLISECONDS = 3_000;
/** The time between two reports to the other tabs that the person is active. */
const USE_MILLISECONDS = 5_000;
/** The reasons of a lock that ends one tab only. A closed or frozen tab overwrites its keys; the other tabs keep their keys. */
const ENDS_OF_ONE_TAB = new Set(["left", "asleep"]);

/** Dispatches "opened" when another tab gave its keys, and "locked" or "signed-out" when another tab locked or signed out. */
export class SharedUnlock extends EventTarget {
  #keys;
  #mayShare;
  #findSession;
  #channel = new BroadcastChannel(CHANNEL);
  /** The digest of the account of this tab. @type {string | null} */
  #account = null;
  /** The ids of this tab's unlocking, and of the unlockings in other tabs at the same time. @type {Set<string>} */
  #ids = new Set();
  /** The name of the key that seals the identities. Tabs that got the key from each other use the same name. */
  #keyName = "";
  /** The identities that the other tabs with this key know. */
  #knownElsewhere = "";
  /** @type {Question | null} */
  #question = null;
  #useReportedAt = -Infinity;
  /** Whether the other tabs know that this tab has keys. */
  #isOpen = false;
  /** Releases the Web Lock that shows the other tabs that this tab has keys. */
  #releaseWebLock = () => {};
  /** The acts on a message of another tab, by its kind. */
  #acts = new Map(/** @type {[string, (message: any) => void][]} */ ([
    ["ask", (message) => void this.#give(message).catch(() => undefined)],
    ["answer", (message) => void this.#take(message).catch(() => this.#close(false))],
    ["opened", ({ ids }) => this.#join(ids)],
    ["added", (message) => this.#takeAdded(message)],
    ["used", ({ wall }) => this.#keys.noteUseElsewhere(Number(wall))],
    ["locked", ({ ids, reason }) => this.#lockToo(ids, reason)],
    ["signed-out", () => this.dispatchEvent(new Event("signed-out"))],
  ]));

  /**
   * @param {KeyRing} keys
   * @param {{mayShare: () => boolean, findSession: () => Promise<string>}} options `mayShare`: this is the person's own
   *   computer; `findSession` asks the bridge for the id of the session of this tab's account, and rejects if there is none
   */
  constructor(keys, { mayShare, findSession }) {
    super();
    this.#keys = keys;
    this.#mayShare = mayShare;
    this.#findSession = findSession;
    keys.addEventListener("change", () => this.#keysChanged());
    keys.addEventListener("locked", (event) => this.#locked(/** @type {LockedEvent} */ (event).reason));
    keys.addEventListener("used", () => this.#tellUse());
    this.#channel.addEventListener("message", ({ data }) => this.#hear(data));
  }

  /** @param {string} address of the person who has signed in */
  async begin(address) {
    this.#account = await accountDigest(address);
    this.#keysChanged();
  }

  /** Forgets the account, before or after its keys were locked. */
  end() {
    this.#account = null;
    this.#forgetKeys();
  }

  /** Tells the other tabs of the account that its session has ended. @param {string} address */
  async tellSignedOut(address) {
    this.#channel.postMessage({ kind: "signed-out", account: await accountDigest(address) });
  }

  /**
   * Asks the other tabs for their keys, if one of them has any.
   * @returns {Promise<boolean>} whether the keys of this tab are unlocked now
   */
  async ask() {
    const account = this.#account;
    if (account === null || this.#keys.unlocked || !this.#mayShare()) return this.#keys.unlocked;
    const { held: locks = [] } = await navigator.locks.query();
    return locks.some(({ name }) => name === lockName(account)) ? this.#ask(account) : false;
  }

  /** @param {string} account */
  async #ask(account) {
    this.#close(false);
    /** @type {Promise<boolean>} */
    const answered = new Promise((done) => {
      this.#question = { nonce: crypto.randomUUID(), pair: NO_PAIR, done };
    });
    const question = /** @type {Question} */ (/** @type {unknown} */ (this.#question));
    const timer = setTimeout(() => this.#closeOne(question), ANSWER_MILLISECONDS);
    try {
      question.pair = await makePair();
      const { nonce, pair: { publicKey } } = question;
      const proof = await proofOf(await this.#findSession(), nonce, publicKey);
      if (this.#question === question) this.#channel.postMessage({ kind: "ask", account, nonce, publicKey, proof });
    } catch {
      // Without a session, the other tabs would give nothing.
      this.#closeOne(question);
    }
    return answered.finally(() => clearTimeout(timer));
  }

  /** @param {any} message of another tab of this origin */
  #hear(message) {
    if (this.#account === null || message?.account !== this.#account) return;
    this.#acts.get(message.kind)?.(message);
  }

  /** @param {{nonce: string, publicKey: ArrayBuffer, proof: string}} question */
  async #give({ nonce, publicKey, proof }) {
    if (!this.#keys.unlocked || !this.#mayShare()) return;
    const account = this.#account;
    const { ended } = this.#keys;
    // Only the tab that gets this lock answers.
    await navigator.locks.request(`${CHANNEL} ${nonce}`, { ifAvailable: true }, async (turn) => {
      if (!turn || proof !== await proofOf(await this.#findSession(), nonce, publicKey)) return;
      const pair = await makePair();
      const pad = await agree(pair.privateKey, publicKey, `${account} ${nonce}`);
      // There is no `await` from here on, so the keys cannot be locked before the answer is sent.
      const shared = ended.aborted || account !== this.#account ? null : this.#keys.share();
      if (shared) {
        const { sealKey, identities, ages } = shared;
        combine(sealKey.buffer, pad);
        this.#channel.postMessage({
          kind: "answer", account, nonce, publicKey: pair.publicKey, wrapped: sealKey.buffer.slice(0, SEAL_KEY_BYTES), identities, ages,
          wall: Date.now(), ids: [...this.#ids], keyName: this.#keyName,
        });
      }
      overwrite(pad);
    });
  }

  /** @param {any} answer */
  async #take({ nonce, publicKey, wrapped, identities, ages, wall, ids, keyName = "" }) {
    const question = this.#question;
    if (!question || question.nonce !== nonce) return;
    const pad = await agree(question.pair.privateKey, publicKey, `${this.#account} ${nonce}`);
    const buffer = new ArrayBuffer(SECRET_BUFFER_BYTES);
    new Uint8Array(buffer).set(new Uint8Array(wrapped, 0, SEAL_KEY_BYTES));
    combine(buffer, pad);
    overwrite(pad);
    // A lock, a sign-out or an unlocking by hand has closed the question meanwhile.
    if (question !== this.#question || this.#keys.unlocked || !this.#mayShare()) return overwrite(buffer);
    // The answer may have waited, for instance while the computer slept.
    const late = Math.max(0, Date.now() - wall);
    this.#ids = new Set(ids);
    this.#keyName = keyName;
    this.#keys.adopt({
      sealKey: { buffer, length: SEAL_KEY_BYTES }, identities, ages: { begun: ages.begun + late, used: ages.used + late },
    });
    this.#close(true);
    this.dispatchEvent(new Event("opened"));
  }

  /** Ends the open question. @param {boolean} isUnlocked */
  #close(isUnlocked) {
    const question = this.#question;
    this.#question = null;
    question?.done(isUnlocked);
  }

  /** @param {Question} question */
  #closeOne(question) {
    if (this.#question === question) this.#close(this.#keys.unlocked);
  }

  #keysChanged() {
    if (this.#account === null || !this.#keys.unlocked) return;
    if (this.#isOpen) return this.#tellAdded(this.#account);
    this.#isOpen = true;
    this.#close(true);
    // Keys that came from another tab have ids and a name already. A tab of an earlier version gives no name.
    if (this.#ids.size === 0) {
      this.#ids.add(crypto.randomUUID());
      this.#keyName = crypto.randomUUID();
    }
    this.#knownElsewhere = namesOf(this.#keys);
    if (this.#mayShare()) this.#holdWebLock(this.#account);
    this.#channel.postMessage({ kind: "opened", account: this.#account, ids: [...this.#ids] });
  }

  /** @param {string} account */
  #tellAdded(account) {
    const names = namesOf(this.#keys);
    if (names === this.#knownElsewhere || !this.#keyName || !this.#mayShare()) return;
    this.#knownElsewhere = names;
    this.#channel.postMessage({ kind: "added", account, keyName: this.#keyName, identities: this.#keys.shareIdentities() });
  }

  /** @param {any} message */
  #takeAdded({ keyName, identities }) {
    if (!this.#isOpen || !this.#keyName || keyName !== this.#keyName || !this.#mayShare()) return;
    // These are the identities that the other tab has. If this tab has more, `join` leads to a message with all of
    // them.
    this.#knownElsewhere = identities.map((/** @type {{fingerprint: string}} */ identity) => identity.fingerprint).sort().join();
    this.#keys.join(identities);
  }

  /** Shows the other tabs that this tab has keys, until it has none. @param {string} account */
  #holdWebLock(account) {
    const over = new AbortController();
    /** @type {Promise<void>} */
    const ended = new Promise((resolve) => {
      this.#releaseWebLock = () => {
        this.#releaseWebLock = () => {};
        over.abort();
        resolve();
      };
    });
    navigator.locks.request(lockName(account), { mode: "shared", signal: over.signal }, () => ended).catch(() => undefined);
  }

  /**
   * Notes the unlockings of another tab. Two tabs that unlock at the same moment do not share keys, but they lock
   * together. If this tab is locked, it asks for the keys.
   * @param {string[]} ids
   */
  #join(ids) {
    if (!this.#keys.unlocked) {
      if (this.#account !== null && this.#mayShare() && this.#question === null) void this.#ask(this.#account);
      return;
    }
    for (const id of ids) this.#ids.add(id);
    if ([...this.#ids].every((id) => ids.includes(id))) return;
    this.#channel.postMessage({ kind: "opened", account: this.#account, ids: [...this.#ids] });
  }

  /** @param {string[]} ids @param {LockReason} reason */
  #lockToo(ids, reason) {
    // The keys that this tab asks for now may be those that were just locked.
    this.#close(false);
    this.dispatchEvent(new Event("locked"));
    // Keys whose deadline has passed count as locked, but this tab has not overwritten them yet.
    if (!this.#isOpen || !ids.some((id) => this.#ids.has(id))) return;
    this.#keys.lock(reason === "hand" || reason === "signed-out" ? "elsewhere" : reason);
  }

  /** @param {LockReason} reason */
  #locked(reason) {
    const ids = [...this.#ids];
    this.#forgetKeys();
    if (this.#account === null || ENDS_OF_ONE_TAB.has(reason)) return;
    this.#channel.postMessage({ kind: "locked", account: this.#account, ids, reason });
  }

  #forgetKeys() {
    this.#ids.clear();
    this.#keyName = "";
    this.#isOpen = false;
    this.#close(false);
    this.#releaseWebLock();
  }

  #tellUse() {
    const now = performance.now();
    if (this.#account === null || now - this.#useReportedAt < USE_MILLISECONDS) return;
    this.#useReportedAt = now;
    this.#channel.postMessage({ kind: "used", account: this.#account, wall: Date.now() });
  }
}

/** @type {Pair} */
const NO_PAIR = { publicKey: new ArrayBuffer(0), privateKey: /** @type {CryptoKey} */ ({}) };

/** @param {KeyRing} keys */
function namesOf(keys) {
  return keys.identities.map(({ fingerprint }) => fingerprint).sort().join();
}

/** @param {string} account */
function lockName(account) {
  return `${CHANNEL} ${account}`;
}

/** @returns {Promise<Pair>} */
async function makePair() {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  return { publicKey: await crypto.subtle.exportKey("raw", publicKey), privateKey };
}

/**
 * Agrees on random bytes, as many as the key has. Only the two tabs know these bytes.
 * @param {CryptoKey} privateKey
 * @param {ArrayBuffer} theirs
 * @param {string} context
 */
async function agree(privateKey, theirs, context) {
  const publicKey = await crypto.subtle.importKey("raw", theirs, CURVE, false, []);
  const common = await crypto.subtle.deriveBits({ name: "ECDH", public: publicKey }, privateKey, 256);
  const secret = await crypto.subtle.importKey("raw", common, "HKDF", false, ["deriveBits"]);
  overwrite(common);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: new TextEncoder().encode(`${CHANNEL} ${context}`) };
  return crypto.subtle.deriveBits(hkdf, secret, SEAL_KEY_BYTES * 8);
}

/**
 * Encrypts or decrypts a key in place. A small new array would be on the JavaScript heap, which keeps copies.
 * @param {ArrayBuffer} key
 * @param {ArrayBuffer} pad random, of the length of a key, and used once
 */
function combine(key, pad) {
  const bytes = new Uint8Array(key, 0, SEAL_KEY_BYTES);
  new Uint8Array(pad).forEach((byte, index) => { bytes[index] = (bytes[index] ?? 0) ^ byte; });
}

/**
 * Proves that a tab knows the id of the session, which the bridge gives only to the browser that has the session's cookie.
 * @param {string} session
 * @param {string} nonce
 * @param {ArrayBuffer} publicKey
 */
async function proofOf(session, nonce, publicKey) {
  return sha256Hex(new TextEncoder().encode([session, nonce, hexFromBytes(publicKey)].join("\n")));
}
