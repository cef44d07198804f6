/**
 * The index of encrypted mail: the rows and words of messages, encrypted in the browser's own storage.
 *
 * A random key encrypts the index. The vault seals that key under a symmetric key of the person's identity, so the index
 * opens only while the keys are unlocked. The rows are then in the memory of this page. The words are decrypted for
 * each search and overwritten afterwards. The server learns nothing of a search in the index, not even which messages
 * it found.
 */

import { overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { haveSameBytes } from "../../../wasm_build/vault/values/same_bytes.js";
import {
  decodeJson, decrypt as decryptBound, encodeJson, encrypt as encryptBound, importKey, KEY_BYTES,
} from "../keys/bound_cipher.js";
import { packWords, WordSearch } from "./search_words.js";
import { placeOf, readIndex, readSegment, readSegments, removeIndex, writeIndex } from "./search_store.js";
import { accountDigest } from "../app/state_database.js";
import { shorten } from "./row_texts.js";

/** @typedef {import("./list_answers.js").MessageSummary} MessageSummary */
/** @typedef {import("../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../keys/keys.js").Vault} Vault */
/** @typedef {import("./mail_changes.js").SearchPlace} SearchPlace */
/** @typedef {import("../app/routes.js").MessageAddress} MessageAddress */
/**
 * The texts that the vault read in a message; null if the keys do not open the message.
 * @typedef {{subject: string, people: string, text: ArrayBuffer} | null} Texts
 */
/**
 * `subject` is the encrypted subject. `bodyEnd` and `end` are offsets: the words of the text end at `bodyEnd`, the words of
 * subject and people at `end`. `closedTo` names the keys that did not open the message, and is "" for an opened message.
 * @typedef {{
 *   folder: string, uidValidity: number, row: MessageSummary, subject: string, start: number, bodyEnd: number, end: number,
 *   closedTo: string,
 * }} Head
 */
/** @typedef {{uidValidity: number, row: MessageSummary, subject: string}} Found */
/** The state of a folder when it was read. @typedef {{uidValidity: number, token: string | null}} Mark */
/** @typedef {{folder: string, uidValidity: number, row: MessageSummary, texts: Texts}} Item */
/** @typedef {{key: CryptoKey, kept: import("./search_store.js").KeptIndex, segments: Map<string, Head[]>, marks: Map<string, Mark>}} Opened */

const FORMAT = 1;
/** A segment with this number of messages gets no further messages. */
const SEGMENT_MESSAGES = 200;
const MAX_INDEXED_MESSAGES = 20_000;
/** The name of the lock for writing, so that no tab overwrites what another tab has just written. */
const TURN = "sealwax-search";

/** Dispatches "change" when the index is made, opened, changed, closed or deleted. */
export class MailIndex extends EventTarget {
  #vault;
  #keys;
  #account;
  /** @type {Opened | null} */
  #opened = null;
  /** @type {Promise<Opened | null> | null} */
  #opening = null;
  /** Whether there was an index when this page looked last. */
  #isKept = false;

  /**
   * @param {() => Promise<Vault>} vault
   * @param {KeyRing} keys
   * @param {() => string | null} account the address whose mail is indexed; null if nothing may be kept
   */
  constructor(vault, keys, account) {
    super();
    this.#vault = vault;
    this.#keys = keys;
    this.#account = account;
    keys.addEventListener("change", () => {
      if (!keys.unlocked) this.#close();
    });
  }

  /** Whether this browser may keep an index for the person. */
  get isAllowed() {
    return this.#account() !== null;
  }

  /** Checks whether the person has an index here. Rejects with `storage-refused` if the browser stores nothing. */
  async look() {
    const account = await this.#digest();
    if (account !== null) this.#isKept = (await readIndex(account)) !== null;
    this.#changed();
  }

  /** Whether the index takes part in searches. */
  get state() {
    if (this.#opened) return "open";
    return this.#isKept && this.isAllowed ? "locked" : "none";
  }

  /** The number of messages in the opened index that a search can find; null while it is not open. */
  get size() {
    return this.#opened && this.#heads(this.#opened).filter(({ closedTo }) => closedTo === "").length;
  }

  /** Whether the opened index has no room for further messages. */
  get isFull() {
    return this.#opened !== null && this.#heads(this.#opened).length >= MAX_INDEXED_MESSAGES;
  }

  /** Makes an empty index. Rejects with `storage-full` or `storage-refused`. */
  async begin() {
    const account = await this.#digest();
    if (account === null) return;
    const octets = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
    const vault = await this.#vault();
    const { sealed } = await vault.call("draft.seal", {
      draft: octets.slice().buffer, place: keyPlace(account), ...this.#keys.copies({ byPerson: false }),
    });
    const key = await importKey(octets);
    const marks = await encrypt(key, encodeJson({ format: FORMAT, marks: [] }), `${account} marks`);
    await navigator.locks.request(TURN, async () => {
      await removeIndex(account);
      await writeIndex({ account, counter: 1, key: sealed, marks });
    });
    this.#close();
    await this.open();
  }

  /** Deletes the index. */
  async end() {
    const account = await this.#digest();
    this.#close();
    this.#isKept = false;
    if (account !== null) await navigator.locks.request(TURN, () => removeIndex(account));
    this.#changed();
  }

  /**
   * Opens the index if the person has one and the keys are unlocked. If it is open, reads what another tab has added.
   * @returns {Promise<boolean>} whether it is open
   */
  async open() {
    this.#opening ??= this.#read().finally(() => { this.#opening = null; });
    return (await this.#opening) !== null;
  }

  /** @returns {Promise<Opened | null>} */
  async #read() {
    const account = await this.#digest();
    if (account === null || !this.#keys.unlocked) return null;
    const record = await readIndex(account);
    this.#isKept = record !== null;
    // Another tab has deleted the index that is open here, and may have made a new one.
    if (this.#opened && (!record || !haveSameBytes(record.key, this.#opened.kept.key))) this.#close();
    if (!record) return null;
    const before = this.#opened;
    if (before && before.kept.counter === record.counter) return before;
    const key = before?.key ?? await this.#openKey(record);
    const { format, marks } = decodeJson(await decrypt(key, record.marks, `${account} marks`));
    if (format !== FORMAT) return null;
    /** @type {Map<string, Head[]>} */
    const segments = new Map();
    for (const { place, heads } of await readSegments(account)) segments.set(place, decodeJson(await decrypt(key, heads, `${place} heads`)));
    // Meanwhile the keys were locked, or the person has signed out.
    if (!this.#keys.unlocked || (await this.#digest()) !== account) return null;
    this.#opened = { key, kept: record, segments, marks: new Map(marks) };
    this.#changed();
    return this.#opened;
  }

  /** @param {import("./search_store.js").KeptIndex} kept */
  async #openKey({ account, key }) {
    const vault = await this.#vault();
    // The call transfers its buffers, so it gets a copy.
    const { draft } = await vault.call("draft.open", {
      sealed: key.slice(0), place: keyPlace(account), ...this.#keys.copies({ byPerson: false }),
    });
    return importKey(new Uint8Array(draft));
  }

  /** The ids of the folders that were read. */
  get folders() {
    return [...this.#opened?.marks.keys() ?? []];
  }

  /** The state of a folder when it was read; null for an unread folder. @param {string} folder */
  markOf(folder) {
    return this.#opened?.marks.get(folder) ?? null;
  }

  /** The UIDs of those messages of a folder that need not be read again. @param {string} folder @param {number} uidValidity */
  known(folder, uidValidity) {
    const names = this.#keysName();
    const isRead = (/** @type {Head} */ { closedTo }) => closedTo === "" || closedTo === names;
    const known = (this.#opened ? this.#heads(this.#opened) : []).filter((head) =>
      isRead(head) && head.folder === folder && head.uidValidity === uidValidity);
    return new Set(known.map(({ row }) => row.uid));
  }

  /**
   * The messages of a folder that contain all words of a search, newest first. A message that was moved or deleted is
   * found until its folder is read again.
   * @param {string} folder
   * @param {SearchPlace} place
   * @param {string} text
   * @returns {Promise<Found[]>}
   */
  async search(folder, place, text) {
    const search = new WordSearch(text);
    if (search.isEmpty || !(await this.open())) return [];
    const opened = /** @type {Opened} */ (this.#opened);
    const hits = [];
    for (const segment of await readSegments(opened.kept.account)) {
      const heads = (opened.segments.get(segment.place) ?? []).filter((head) => head.folder === folder && head.closedTo === "");
      if (heads.length === 0) continue;
      const words = new Uint8Array(await decrypt(opened.key, segment.words, `${segment.place} words`));
      hits.push(...heads.filter((head) => isFound(head, words, place, search)));
      overwrite(words.buffer);
    }
    if (this.#opened !== opened) return [];
    return hits.map(({ uidValidity, row, subject }) => ({ uidValidity, row, subject })).sort((one, other) => timeOf(other.row) - timeOf(one.row));
  }

  /**
   * Adds messages, and notes the state of their folder. The texts are overwritten.
   * @param {Item[]} items
   * @param {{folder: string, mark: Mark | null, present?: (uid: number) => boolean} | null} read `mark` is null for a
   *   folder that is gone; `present` says which messages the folder still has; without it, the folder has all of them
   */
  async add(items, read) {
    try {
      await navigator.locks.request(TURN, () => this.#add(items, read));
    } finally {
      for (const { texts } of items) if (texts) overwrite(texts.text);
    }
    this.#changed();
  }

  /** @param {Item[]} items @param {Parameters<MailIndex["add"]>[1]} read */
  async #add(items, read) {
    const opened = await this.#read();
    if (!opened) return;
    const { key, kept: { account } } = opened;
    const places = [...opened.segments.keys()].sort();
    const last = places.at(-1) ?? placeOf(account, 0);
    const number = Number(last.split(" ")[1]);
    const changed = shortened(places, opened.segments, (head) => !isReplaced(head, items) && !isGone(head, read));
    const lastHeads = changed.get(last) ?? opened.segments.get(last) ?? [];
    const target = lastHeads.length + items.length <= SEGMENT_MESSAGES ? last : placeOf(account, number + 1);
    const written = [];
    const touched = new Set([...changed.keys(), ...(items.length > 0 ? [target] : [])]);
    const segments = new Map(opened.segments);
    for (const place of touched) {
      const old = await readSegment(place);
      const before = old ? new Uint8Array(await decrypt(key, old.words, `${place} words`)) : new Uint8Array(0);
      const oldHeads = changed.get(place) ?? opened.segments.get(place) ?? [];
      const { heads, words } = pack(oldHeads, before, place === target ? items : [], this.#keysName());
      overwrite(before.buffer);
      written.push({
        place, heads: await encrypt(key, encodeJson(heads), `${place} heads`), words: await encrypt(key, words, `${place} words`),
      });
      segments.set(place, heads);
    }
    const marks = new Map(opened.marks);
    if (read?.mark) marks.set(read.folder, read.mark);
    else if (read) marks.delete(read.folder);
    const removed = written.filter(({ place }) => segments.get(place)?.length === 0).map(({ place }) => place);
    const record = {
      ...opened.kept, counter: opened.kept.counter + 1,
      marks: await encrypt(key, encodeJson({ format: FORMAT, marks: [...marks] }), `${account} marks`),
    };
    // The index was locked or deleted meanwhile.
    if (this.#opened !== opened) return;
    await writeIndex(record, { written: written.filter(({ place }) => !removed.includes(place)), removed });
    for (const place of removed) segments.delete(place);
    if (this.#opened === opened) this.#opened = { key, kept: record, segments, marks };
  }

  /** A name for the unlocked keys. Messages that these keys did not open are read again when the name has changed. */
  #keysName() {
    return this.#keys.identities.map(({ fingerprint }) => fingerprint.slice(0, 16)).sort().join();
  }

  /** @param {Opened} opened */
  #heads({ segments }) {
    return [...segments.values()].flat();
  }

  async #digest() {
    const account = this.#account();
    return account === null ? null : accountDigest(account);
  }

  #close() {
    if (!this.#opened) return;
    this.#opened = null;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {Head} head @param {Uint8Array} words @param {SearchPlace} place @param {WordSearch} search */
function isFound({ start, bodyEnd, end, row, subject }, words, place, search) {
  if (place === "subject") return search.matches(packWords(subject));
  if (place === "from") return search.matches(packWords(row.from));
  return search.matches(words.subarray(start, place === "body" ? bodyEnd : end));
}

/**
 * The remaining heads of each segment that loses heads.
 * @param {string[]} places
 * @param {Map<string, Head[]>} segments
 * @param {(head: Head) => boolean} stays
 * @returns {Map<string, Head[]>}
 */
function shortened(places, segments, stays) {
  return new Map(places.flatMap((place) => {
    const heads = segments.get(place) ?? [];
    const remainder = heads.filter(stays);
    return remainder.length < heads.length ? [[place, remainder]] : [];
  }));
}

/** @param {Head} head @param {Item[]} items */
function isReplaced(head, items) {
  return items.some((item) => item.folder === head.folder && item.uidValidity === head.uidValidity && item.row.uid === head.row.uid);
}

/** @param {Head} head @param {Parameters<MailIndex["add"]>[1]} read */
function isGone({ folder, uidValidity, row }, read) {
  if (!read || read.folder !== folder) return false;
  return uidValidity !== read.mark?.uidValidity || (read.present !== undefined && !read.present(row.uid));
}

/**
 * The heads and words of a segment.
 * @param {Head[]} oldHeads
 * @param {Uint8Array} before the words to which the offsets in `oldHeads` refer
 * @param {Item[]} items messages that are added
 * @param {string} keysName
 * @returns {{heads: Head[], words: ArrayBuffer}}
 */
function pack(oldHeads, before, items, keysName) {
  const heads = [];
  const pieces = [];
  let start = 0;
  for (const head of oldHeads) {
    const piece = before.slice(head.start, head.end);
    heads.push({ ...head, start, bodyEnd: start + head.bodyEnd - head.start, end: start + piece.length });
    pieces.push(piece);
    start += piece.length;
  }
  for (const { texts, ...item } of items) {
    const body = texts ? packWords(new TextDecoder().decode(texts.text)) : new Uint8Array(0);
    // A line break separates the last word of the text from the first word of the subject.
    const others = texts ? packWords(`${texts.subject}\n${texts.people}`) : new Uint8Array(0);
    const [bodyEnd, end] = [start + body.length, start + body.length + 1 + others.length];
    heads.push({ ...item, subject: shorten(texts?.subject ?? ""), start, bodyEnd, end, closedTo: texts ? "" : keysName });
    pieces.push(body, new Uint8Array([10]), others);
    start = end;
  }
  const words = new Uint8Array(start);
  let at = 0;
  for (const piece of pieces) {
    words.set(piece, at);
    at += piece.length;
    overwrite(piece.buffer);
  }
  return { heads, words: words.buffer };
}

/** The time by which lists order a message. A message without a date counts as new. @param {MessageSummary} row */
export function timeOf({ date }) {
  return date === null ? Infinity : Date.parse(date) || Infinity;
}

/** @param {CryptoKey} key @param {ArrayBuffer} clear which is overwritten @param {string} place the place to which the result is bound */
function encrypt(key, clear, place) {
  return encryptBound(key, clear, bound(place));
}

/** @param {CryptoKey} key @param {ArrayBuffer} sealed @param {string} place */
function decrypt(key, sealed, place) {
  return decryptBound(key, sealed, bound(place));
}

/** @param {string} place */
function bound(place) {
  return `sealwax search ${FORMAT} ${place}`;
}

/** @param {string} account */
function keyPlace(account) {
  return `search key of ${account}`;
}
