/**
 * The sending of one parcel. Makes the parcel's secret, encrypts its files chunk by chunk, uploads each chunk and then the
 * manifest, and submits the parcel. At most two chunks are in memory, even for large files.
 *
 * Every call can be repeated after an error, and goes on where it was. The parcel's id is made once, so that a call after a lost
 * answer sends nothing twice. The parcel's key is sealed under the session's key, so a lock ends the sending.
 */

import { overwrite } from "../vault/memory/cleanup.js";
import { ApiError } from "../vault/server/json_requests.js";
import { VaultError } from "../vault/errors/vault_error.js";
import { ChunkSending } from "./chunk_sending.js";

/** @typedef {import("./parcel_uploads.js").CreatedParcel} CreatedParcel */
/** @typedef {import("./parcel_uploads.js").ParcelUploads} ParcelUploads */
/** @typedef {import("../vault/storage/session.js").Caller} Caller */
/** @typedef {import("../vault/storage/session.js").Secret} Secret */
/** @typedef {import("./readable.js").Readable} Readable */
/** @typedef {{name: string, data: Readable}} ParcelContent */
/** @typedef {import("./chunk_plan.js").Chunk} Chunk */
/** @typedef {import("./chunk_plan.js").Plan} Plan */
/**
 * `language` is the language of the six words. The notice is in the language of its recipient. `certificates` are readers'
 * certificates, with which they can open the parcel without the words. With `sign`, the identity of the address `from` signs the
 * manifest.
 * @typedef {{
 *   from: string, to: {address: string, language: string}[], files: ParcelContent[], certificates: ArrayBuffer[],
 *   sign: boolean, language: string, days: number,
 * }} ParcelLetter
 */
/**
 * @typedef {{
 *   vault: () => Promise<Caller>, keys: {copies: () => {identities: ArrayBuffer[], sealKey: Secret | null}},
 *   uploads: ParcelUploads, wholeBytes: number,
 * }} Parts `wholeBytes` is the size up to which the bridge accepts a parcel in one request
 */
/** @typedef {{parcel: string, words: ArrayBuffer, salt: ArrayBuffer, key: ArrayBuffer, proof: ArrayBuffer}} Made */
/** @typedef {{signal: AbortSignal, onProgress?: (bytes: number) => void, onLost?: (isLost: boolean) => void}} Options */

/** The name of a written message, which is the first file: `smime_core.parcels.MESSAGE_NAME`. */
export const MESSAGE_NAME = "message.eml";
/** The states of a parcel whose recipients have been or will be notified. */
const TAKEN = new Set(["submitted", "notified", "received", "opened", "answered"]);
const REFERENCE = /^[\w-]{1,40}$/u;

export class ParcelSending {
  #letter;
  #parts;
  #at = new Date().toISOString();
  /** @type {Made | null} */
  #made = null;
  /** The parts of the parcel; null until they are planned. The announcement stays the same, because the bridge compares it. @type {Plan | null} */
  #plan = null;
  /** Whether the bridge may have a record of the parcel. */
  #mayBeKnown = false;
  #isAnnounced = false;
  /** @type {ChunkSending | null} */
  #sending = null;
  /** The manifest, and the announcement if the parcel goes in one request. @type {{manifest: ArrayBuffer, line?: ArrayBuffer | null} | null} */
  #finished = null;
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
   * The words, and the link that contains them. The caller must not let anything keep the words.
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
    if (this.#finished) return;
    this.#made ??= await this.#call("parcel.make", { language: this.#letter.language }, options);
    /** @type {Plan} */
    const plan = this.#plan ??= await this.#call("parcel.plan", this.#members(), options);
    if (plan.line) await this.#announce(plan.line, options);
    const sending = this.#sending ??= new ChunkSending(plan, this.#letter.files.map(({ data }) => data));
    await sending.run({
      encrypt: (content) => this.#encrypt(content, options),
      put: (object, onProgress) => this.#parts.uploads.put({ id: this.#begun().parcel, ...object }, { ...waitingOf(options), onProgress }),
      onProgress: options.onProgress ?? (() => {}),
    });
    this.#finished = await this.#call("parcel.finish", { ...this.#members(), chunks: sending.chunks, most: plan.most }, options);
  }

  /** Submits what was uploaded, so that the bridge notifies the recipients. @param {Options} options @returns {Promise<CreatedParcel>} */
  async submit(options) {
    if (!this.#finished) throw new Error("a parcel was submitted before its upload");
    const { uploads } = this.#parts;
    const { parcel } = this.#begun();
    const { manifest, line } = this.#finished;
    this.#mayBeKnown = true;
    this.#submitted ??= checkSubmitted(await (line
      ? uploads.create(line, [...this.#sending?.objects ?? [], manifest], waitingOf(options))
      : uploads.submit(parcel, manifest, waitingOf(options))), parcel);
    options.onProgress?.(this.bytes);
    return this.#submitted;
  }

  /** Gives the sending up and deletes the uploads. Without a connection, the bridge deletes them after a day. */
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

  #begun() {
    if (!this.#made) throw new VaultError("locked", "the sending has ended");
    return this.#made;
  }

  /** @param {ArrayBuffer} line @param {Options} options */
  async #announce(line, options) {
    if (this.#isAnnounced) return;
    this.#mayBeKnown = true;
    await this.#parts.uploads.create(line, [], waitingOf(options));
    this.#isAnnounced = true;
  }

  /** @param {ArrayBuffer} content which is transferred @param {Options} options @returns {Promise<{cms: ArrayBuffer, chunk: Chunk}>} */
  #encrypt(content, options) {
    const { key } = this.#begun();
    return this.#call("parcel.encrypt", { content, key: key.slice(0), recipients: this.#certificates() }, options);
  }

  /** Copies of the parcel's members, for the vault. */
  #members() {
    const { from, to, files, sign, days } = this.#letter;
    const { parcel, key, salt, proof } = this.#begun();
    return {
      parcel, from, to: to.map((recipient) => ({ ...recipient })), files: files.map(({ name, data }) => ({ name, sizeBytes: data.size })),
      terms: { salt: salt.slice(0), proof: proof.slice(0), days }, key: key.slice(0), recipients: this.#certificates(), sign,
      identities: this.#parts.keys.copies().identities, at: this.#at, wholeBytes: this.#parts.wholeBytes,
    };
  }

  #certificates() {
    return this.#letter.certificates.map((der) => der.slice(0));
  }

  /**
   * Calls the vault with the session's key. Rejects with `locked` if there is no key.
   * @param {string} verb @param {object} args @param {Options} options
   */
  async #call(verb, args, { signal }) {
    const { sealKey } = this.#parts.keys.copies();
    if (!sealKey) throw new VaultError("locked", "the keys are locked");
    return (await this.#parts.vault()).call(verb, { ...args, sealKey }, { signal });
  }
}

/**
 * Checks the server's answer, because afterwards the person passes on the words and the reference number.
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
