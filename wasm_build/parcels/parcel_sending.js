/**
 * The sending of one parcel: makes its secret, encrypts its files chunk by chunk, uploads each, then the manifest, and submits
 * it. At most two chunks are in memory, whatever the size of a file.
 *
 * Every call can be repeated after an error, and goes on where it was. The parcel's id is made once, so that a call after a lost
 * answer sends nothing twice. The parcel's key is sealed under the key of the session: a lock ends the sending.
 */

import { base64FromBytes } from "../vault/values/base64.js";
import { overwrite } from "../vault/memory/cleanup.js";
import { ApiError } from "../vault/server/json_requests.js";
import { VaultError } from "../vault/errors/vault_error.js";
import { base64urlFromBytes } from "./base64url.js";
import { chunkLengths } from "./chunk_plan.js";
import { readChunk } from "./readable.js";

/** @typedef {import("./parcel_uploads.js").CreatedParcel} CreatedParcel */
/** @typedef {import("./parcel_uploads.js").ParcelUploads} ParcelUploads */
/** @typedef {import("../vault/storage/session.js").Caller} Caller */
/** @typedef {import("../vault/storage/session.js").Secret} Secret */
/** @typedef {import("./readable.js").Readable} Readable */
/** @typedef {{name: string, data: Readable}} ParcelContent */
/** @typedef {{cmsBytes: number, contentBytes: number, sha256: string}} Chunk */
/**
 * `language` is that of the words; each recipient has that of the notice. `certificates` are those of readers, who open the
 * parcel without the words too. With `sign`, the identity of the address `from` signs the manifest.
 * @typedef {{
 *   from: string, to: {address: string, language: string}[], files: ParcelContent[], certificates: ArrayBuffer[],
 *   sign: boolean, language: string, days: number,
 * }} ParcelLetter
 */
/**
 * @typedef {{
 *   vault: () => Promise<Caller>, keys: {copies: () => {identities: ArrayBuffer[], sealKey: Secret | null}},
 *   uploads: ParcelUploads, wholeBytes: number,
 * }} Parts `wholeBytes` is the size up to which the bridge takes a parcel in one request
 */
/** @typedef {{parcel: string, words: ArrayBuffer, salt: ArrayBuffer, key: ArrayBuffer, proof: ArrayBuffer}} Made */
/** @typedef {{signal: AbortSignal, onProgress?: (bytes: number) => void, onLost?: (isLost: boolean) => void}} Options */

/** The name of a written message, which is the first file: `smime_core.parcels.MESSAGE_NAME`. */
export const MESSAGE_NAME = "message.eml";
const MANIFEST = "manifest";
const MAX_WHOLE_FILES = 100;
/** A signature by ECDSA has one byte more or less now and then. The most frequent size is announced, and made again soon. */
const SIGNATURES_TRIED = 5;
const MAX_SIGNATURES = 200;
const PLACEHOLDER = "0".repeat(64);
/** The states of a parcel whose recipients are told, or will be. */
const TAKEN = new Set(["submitted", "notified", "received", "opened", "answered"]);
const REFERENCE = /^[\w-]{1,40}$/u;

export class ParcelSending {
  #letter;
  #parts;
  #at = new Date().toISOString();
  /** @type {Made | null} */
  #made = null;
  /** The announcement; "" until it is made. It stays the same, because the bridge compares it. */
  #line = "";
  /** Whether the bridge has, or may have, a record of the parcel. */
  #mayBeKnown = false;
  #isAnnounced = false;
  #manifestBytes = 0;
  /** The objects of a parcel that goes in one request. @type {ArrayBuffer[]} */
  #objects = [];
  /** The chunks that the bridge has. @type {Chunk[]} */
  #chunks = [];
  /** The encrypted chunk that is on its way. @type {{cms: ArrayBuffer, chunk: Chunk} | null} */
  #pending = null;
  /** @type {ArrayBuffer | null} */
  #manifest = null;
  /** @type {CreatedParcel | null} */
  #submitted = null;

  /** @param {ParcelLetter} letter @param {Parts} parts */
  constructor(letter, parts) {
    this.#letter = letter;
    this.#parts = parts;
  }

  /** The bytes of all files. */
  get bytes() {
    return this.#letter.files.reduce((sum, { data }) => sum + data.size, 0);
  }

  /** The submitted parcel; null before. */
  get submitted() {
    return this.#submitted;
  }

  /**
   * The words, and the link that has them. The caller lets nothing keep them.
   * @param {string} pages the address of the pages
   * @returns {{words: string, link: string, linkWithWords: string}}
   */
  secret(pages) {
    const { parcel, words: bytes } = this.#begun();
    const words = new TextDecoder().decode(bytes);
    const link = `${new URL("parcel.html", pages)}#${parcel}`;
    return { words, link, linkWithWords: `${link}.${words.replaceAll(" ", "-")}` };
  }

  /**
   * Encrypts everything and uploads it. Nobody is notified yet. `onProgress` gets the bytes of content that the bridge has.
   * @param {Options} options
   */
  async upload(options) {
    if (this.#manifest) return;
    this.#made ??= await this.#call("parcel.make", { language: this.#letter.language }, options);
    if (this.#isSmall) return this.#encryptWhole(options);
    if (!this.#line) await this.#prepare(options);
    await this.#announce(options);
    await this.#uploadChunks(options);
    const manifest = await this.#buildManifest(this.#chunks, options, this.#manifestBytes);
    await this.#parts.uploads.put({ id: this.#begun().parcel, name: MANIFEST, data: manifest }, waitingOf(options));
    this.#manifest = manifest;
  }

  /** Submits what was uploaded, so that the bridge notifies the recipients. @param {Options} options @returns {Promise<CreatedParcel>} */
  async submit(options) {
    if (!this.#manifest) throw new Error("a parcel was submitted before its upload");
    const { uploads } = this.#parts;
    const { parcel } = this.#begun();
    this.#mayBeKnown = true;
    this.#submitted ??= checkSubmitted(await (this.#isSmall
      ? uploads.create(this.#line, [...this.#objects, this.#manifest], waitingOf(options))
      : uploads.submit(parcel, waitingOf(options))), parcel);
    options.onProgress?.(this.bytes);
    return this.#submitted;
  }

  /** Gives the sending up: what was uploaded is deleted. Without a connection the bridge deletes it after a day. */
  async discard() {
    const id = this.#mayBeKnown ? this.#made?.parcel : null;
    this.forget();
    if (id) await this.#parts.uploads.withdraw(id, new AbortController().signal).catch(() => {});
  }

  /** Overwrites the words and the key. */
  forget() {
    if (this.#made) for (const bytes of [this.#made.words, this.#made.key, this.#made.proof]) overwrite(bytes);
    this.#made = null;
  }

  get #isSmall() {
    // Encryption adds to each file, and the manifest lists it.
    return this.bytes <= this.#parts.wholeBytes / 2 && this.#letter.files.length <= MAX_WHOLE_FILES;
  }

  #begun() {
    if (!this.#made) throw new VaultError("locked", "the sending has ended");
    return this.#made;
  }

  /** @param {Options} options */
  async #encryptWhole(options) {
    /** @type {{cms: ArrayBuffer, chunk: Chunk}[]} */
    const encrypted = [];
    for (const { data } of this.#letter.files) {
      for (const [index] of chunkLengths(data.size).entries()) encrypted.push(await this.#encrypt(await readChunk(data, index), options));
    }
    const manifest = await this.#buildManifest(encrypted.map(({ chunk }) => chunk), options);
    this.#objects = encrypted.map(({ cms }) => cms);
    this.#line = this.#announcement(this.#objects.map(({ byteLength }) => byteLength), manifest.byteLength, true);
    this.#manifest = manifest;
  }

  /** Finds the sizes that the bridge wants to know before anything is uploaded. @param {Options} options */
  async #prepare(options) {
    const lengths = this.#letter.files.flatMap(({ data }) => chunkLengths(data.size));
    /** The bytes of a chunk's structure depend on nothing but the length of its content. @type {Map<number, number>} */
    const sizes = new Map();
    for (const length of new Set(lengths)) sizes.set(length, (await this.#encrypt(new ArrayBuffer(length), options)).cms.byteLength);
    const chunks = lengths.map((length) => ({ cmsBytes: sizes.get(length) ?? 0, contentBytes: length, sha256: PLACEHOLDER }));
    /** @type {number[]} */
    const made = [];
    const tries = this.#letter.sign ? SIGNATURES_TRIED : 1;
    while (made.length < tries) made.push((await this.#buildManifest(chunks, options)).byteLength);
    this.#manifestBytes = mostFrequent(made);
    this.#line = this.#announcement(chunks.map(({ cmsBytes }) => cmsBytes), this.#manifestBytes, false);
  }

  /** @param {Options} options */
  async #announce(options) {
    if (this.#isAnnounced) return;
    this.#mayBeKnown = true;
    await this.#parts.uploads.create(this.#line, [], waitingOf(options));
    this.#isAnnounced = true;
  }

  /** @param {Options} options */
  async #uploadChunks({ onProgress = () => {}, ...options }) {
    const { uploads } = this.#parts;
    const { parcel } = this.#begun();
    let done = this.#chunks.reduce((sum, { contentBytes }) => sum + contentBytes, 0);
    onProgress(done);
    const places = this.#letter.files.flatMap(({ data }) => chunkLengths(data.size).map((_, index) => ({ data, index })));
    for (const { data, index } of places.slice(this.#chunks.length)) {
      this.#pending ??= await this.#encrypt(await readChunk(data, index), options);
      const { cms, chunk } = this.#pending;
      const before = done;
      const share = (/** @type {number} */ bytes) => onProgress(before + Math.floor(chunk.contentBytes * bytes / cms.byteLength));
      await uploads.put({ id: parcel, name: String(this.#chunks.length), data: cms }, { ...waitingOf(options), onProgress: share });
      this.#chunks.push(chunk);
      this.#pending = null;
      done += chunk.contentBytes;
      onProgress(done);
    }
  }

  /** @param {ArrayBuffer} content which is transferred @param {Options} options @returns {Promise<{cms: ArrayBuffer, chunk: Chunk}>} */
  #encrypt(content, options) {
    const { key } = this.#begun();
    return this.#call("parcel.encrypt", { content, key: key.slice(0), recipients: this.#certificates() }, options);
  }

  /**
   * The encrypted manifest, with exactly `size` bytes if a size is given.
   * @param {Chunk[]} chunks @param {Options} options @param {number} [size]
   * @returns {Promise<ArrayBuffer>}
   */
  async #buildManifest(chunks, options, size) {
    const { from, to, files, sign } = this.#letter;
    const { parcel } = this.#begun();
    const waiting = chunks.map((chunk) => ({ ...chunk }));
    const listed = files.map(({ name, data }) => ({ name, sizeBytes: data.size, chunks: waiting.splice(0, chunkLengths(data.size).length) }));
    for (let tries = 0; tries < MAX_SIGNATURES; tries += 1) {
      const { identities, sealKey } = this.#parts.keys.copies();
      const { manifest } = await this.#call("parcel.finish", {
        parcel, from, to: to.map(({ address }) => address), files: listed, key: this.#begun().key.slice(0),
        recipients: this.#certificates(), sign, identities, at: this.#at,
      }, options, sealKey);
      if (size === undefined || manifest.byteLength === size) return manifest;
    }
    throw new ApiError("server-error", `no manifest has the ${size} bytes that were announced`);
  }

  /** The line of JSON that says what comes. @param {number[]} objects @param {number} manifest @param {boolean} whole */
  #announcement(objects, manifest, whole) {
    const { to, certificates, files, days } = this.#letter;
    const { parcel, salt, proof } = this.#begun();
    return JSON.stringify({
      id: parcel, to, salt: base64urlFromBytes(salt), proof: base64urlFromBytes(proof), certificates: certificates.map(base64FromBytes),
      kind: files[0]?.name === MESSAGE_NAME ? "message" : "files", objects, manifest, days, downloads: null, whole,
    });
  }

  #certificates() {
    return this.#letter.certificates.map((der) => der.slice(0));
  }

  /**
   * Calls the vault with the session's key. Rejects with `locked` without it.
   * @param {string} verb @param {object} args @param {Options} options @param {Secret | null} [sealKey]
   */
  async #call(verb, args, { signal }, sealKey = this.#parts.keys.copies().sealKey) {
    if (!sealKey) throw new VaultError("locked", "the keys are locked");
    const vault = await this.#parts.vault();
    return vault.call(verb, { ...args, sealKey }, { signal });
  }
}

/**
 * Checks the server's answer, because the person passes on words and reference number after it.
 * @param {CreatedParcel} answer of any shape @param {string} parcel
 */
function checkSubmitted(answer, parcel) {
  const { id, reference, expires, state } = answer ?? {};
  const isTime = typeof expires === "string" && !Number.isNaN(Date.parse(expires));
  const isNamed = typeof reference === "string" && REFERENCE.test(reference);
  if (id === parcel && isNamed && isTime && TAKEN.has(state)) return answer;
  throw new ApiError("parcel-not-taken", "the server's answer is not about this parcel");
}

/** @param {Options} options @returns {import("./parcel_uploads.js").Waiting} */
function waitingOf({ signal, onLost }) {
  return { signal, ...(onLost ? { onLost } : {}) };
}

/** @param {number[]} numbers at least one */
function mostFrequent(numbers) {
  const count = (/** @type {number} */ one) => numbers.filter((other) => other === one).length;
  return numbers.reduce((best, one) => (count(one) > count(best) ? one : best));
}
