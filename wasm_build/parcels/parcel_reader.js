/**
 * Opens one parcel. Derives the parcel's key from the six words or reads a recipient's key file, and proves to the server
 * that it has the key. Then reads the manifest with its verdict, and the files. Each chunk is checked before any of it is
 * passed on.
 *
 * The parcel's key is sealed under the session's key, as identities are. A lock overwrites both keys and ends every
 * operation.
 */

import { overwrite } from "../vault/memory/cleanup.js";
import { ApiError } from "../vault/server/json_requests.js";
import { judgeInRounds, whileChecking } from "../vault/server/lookups.js";
import { VaultError } from "../vault/errors/vault_error.js";
import { readChunks } from "./chunk_reading.js";
import { entranceByCertificate, entranceByVault, entranceByWords } from "./entrances.js";
import { keyFileError } from "./failures.js";
import { readObject } from "./object_source.js";

/** @typedef {import("../vault/storage/session.js").SealedSession} SealedSession */
/** @typedef {import("../vault/storage/session.js").Secret} Secret */
/** @typedef {import("../vault/storage/session.js").Caller} Caller */
/** @typedef {import("./requests.js").ParcelRequests} ParcelRequests */
/** @typedef {import("./requests.js").Opening} Opening */
/** @typedef {import("./chunk_plan.js").ReceivedFile} ParcelFile */
/**
 * @typedef {{
 *   report: import("../vault/types/verbs.js").MessageReport,
 *   certificates: {fingerprint: string, certificate: ArrayBuffer}[], sender: string, to: string[], created: string, files: ParcelFile[],
 *   asksForReceipt: boolean, harvest?: {contacts: ArrayBuffer} | null,
 * }} OpenedManifest `harvest` has the sender's certificates, if the manifest is verified
 */
/** @typedef {{bytes: number, coming: Promise<ArrayBuffer>}} Ahead */
/** @typedef {{passages: import("../ui/mail_text.js").Passage[], text: string, attachments: ReceivedFile[], headers: [string, string][]}} OpenedLetter */

/** @typedef {{address: string, request: ArrayBuffer, key: ArrayBuffer}} NewKey a certification request, and its key under the passphrase */

/** A received file in a written message. @typedef {import("../ui/attachments.js").Attachment & {path: string, contentId: string}} ReceivedFile */
/**
 * The trust with which a parcel is judged: copies of the arguments `trust` and `at` of a verb, and the answers of authorities.
 * @typedef {{
 *   judging: (evidence?: import("../vault/server/trust.js").Evidence) => {trust: object, at: string}, evidence: import("../vault/server/lookups.js").EvidenceStore,
 * }} Trust
 */

/** The server has the same limit: `webbridge.delivery.limits.MAX_MANIFEST_BYTES`. */
const MAX_MANIFEST_BYTES = 17 * 1024 * 1024;
/** The number of rounds for deriving a key: `smime_core.parcels.ITERATIONS`. The vault accepts no other number. */
const ITERATIONS = 600_000;
/** A written message above this size is offered as a file only. */
export const MAX_LETTER_BYTES = 32_000_000;
/** The requests for the manifest before a lost connection is reported to the person. */
const MANIFEST_TRIES = 3;
/** A letter of at most this size is fetched along with the manifest. A larger letter would delay the verdict. */
const AHEAD_BYTES = 256 * 1024;
const TICKET_ENDED = "ticket-ended";

export class ParcelReader {
  #requests;
  #session;
  #vault;
  #trust;
  #id = "";
  #ticket = "";
  /** The way in which the parcel was opened, with its keys. @type {import("./entrances.js").Entrance | null} */
  #entrance = null;
  /** The encrypted manifest, for which a receipt can be given. @type {ArrayBuffer | null} */
  #manifest = null;
  /** The running renewal of the ticket. @type {Promise<void> | null} */
  #renewing = null;
  /** The objects, by name, that come before the manifest describes them. @type {Map<string, Ahead>} */
  #ahead = new Map();

  /**
   * @param {{
   *   requests: ParcelRequests, session: SealedSession, vault: () => Promise<Caller>,
   *   trust: Trust,
   * }} parts
   */
  constructor({ requests, session, vault, trust }) {
    this.#requests = requests;
    this.#session = session;
    this.#vault = async () => session.guard(await vault());
    this.#trust = trust;
    session.addEventListener("locked", () => this.#forget());
  }

  /**
   * Rejects with the reason if a text cannot be the words of a parcel. Nothing is sent to the server.
   * @param {Secret} words whose buffer is transferred
   */
  async checkWords(words) {
    await (await this.#vault()).call("parcel.check", { words });
  }

  /**
   * Proves to the server that the words open the parcel.
   * @param {string} id
   * @param {Secret} words whose buffer is transferred or overwritten
   * @returns {Promise<Opening>}
   */
  async unlock(id, words) {
    try {
      return await this.#enter(id, async () => {
        const [vault, { salt, iterations }] = await Promise.all([this.#vault(), this.#requests.start(id)]);
        if (iterations !== ITERATIONS) throw new ApiError("unsupported-algorithm", `the server says ${iterations} rounds`);
        const derived = await vault.call("parcel.open", { words, salt, sealKey: this.#session.keyForUnlock() });
        return entranceByWords(this.#requests, id, derived);
      });
    } finally {
      // If the buffer was transferred to the vault, it is empty here, and this does nothing.
      overwrite(words.buffer);
    }
  }

  /**
   * Proves to the server that a key file has the key of a recipient's certificate.
   * @param {string} id
   * @param {ArrayBuffer} file PKCS#12 or PEM, which is transferred
   * @param {Secret} passphrase whose buffer is transferred or overwritten
   * @returns {Promise<Opening>}
   */
  async unlockByCertificate(id, file, passphrase) {
    try {
      return await this.#enter(id, async () => {
        const vault = await this.#vault();
        const args = { p12: file, passphrase, sealKey: this.#session.keyForUnlock() };
        const { identities } = await vault.call("identity.open", args).catch((error) => { throw keyFileError(error); });
        if (identities.length === 0) throw new ApiError("no-identity-in-file", "no private key in the file");
        return entranceByCertificate(this.#requests, id, { identities, vault: this.#vault });
      });
    } finally {
      overwrite(passphrase.buffer);
    }
  }

  /**
   * Proves to the server that a key of the person opens the parcel. The caller's vault adds that key to each operation.
   * @param {string} id
   * @param {{readers: string[], canSign: boolean, prove: () => Promise<Opening>}} key `readers` are the addresses of the key's certificate:
   *   the parcel must name one of them; `canSign` says whether the key may sign a receipt
   * @returns {Promise<Opening>}
   */
  unlockByKey(id, key) {
    return this.#enter(id, async () => entranceByVault(key));
  }

  /**
   * @param {string} id
   * @param {() => Promise<import("./entrances.js").Entrance>} make
   * @returns {Promise<Opening>}
   */
  async #enter(id, make) {
    const { ended } = this.#session;
    this.#forget();
    try {
      [this.#id, this.#entrance] = [id, await make()];
      const opening = await this.#entrance.prove(() => this.#session.keyForUnlock());
      this.#session.begin(ended);
      this.#ticket = opening.ticket;
      return opening;
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  /**
   * Reads the manifest. Yields twice if authorities are asked: the first report says that the parcel is being checked.
   * @param {Opening} opening
   * @param {{signal: AbortSignal, onArrived: () => void}} options `onArrived` is called when the manifest's bytes have come
   * @returns {AsyncGenerator<OpenedManifest, void>}
   */
  async *manifest({ manifest, kind, objects, enclosed }, { signal, onArrived }) {
    if (manifest <= 0 || manifest > MAX_MANIFEST_BYTES) throw new ApiError("parcel-damaged", `a manifest of ${manifest} bytes`);
    for (const [name, object] of enclosed) this.#ahead.set(name, { bytes: object.byteLength, coming: Promise.resolve(object) });
    const [bytes = 0] = objects;
    const isSmall = Number.isSafeInteger(bytes) && bytes > 0 && bytes <= AHEAD_BYTES;
    if (kind === "message" && isSmall && !enclosed.has("0")) this.#fetchAhead({ name: "0", bytes, signal });
    const object = { name: "manifest", bytes: manifest, signal };
    const cms = await (this.#takeAhead(object) ?? readObject(this.#ask, object, { maxTries: MANIFEST_TRIES }));
    onArrived();
    this.#manifest = cms;
    const vault = await this.#vault();
    const readers = this.#entrance?.readers ?? [];
    /** @param {import("../vault/server/trust.js").Evidence} evidence */
    const judge = (evidence) => vault.call("parcel.verify", {
      manifest: cms.slice(0), parcel: this.#id, readers, ...this.#keys(), ...this.#trust.judging(structuredClone(evidence)),
    }, { signal });
    for await (const { judged, settled } of judgeInRounds(judge, { ask: this.#askAuthorities, store: this.#trust.evidence, signal })) {
      const { lookups: _, report, ...opened } = judged;
      yield { ...opened, report: settled ? report : whileChecking(report) };
    }
  }

  /**
   * The written message, with its attachments. The message has no separate verdict, because the manifest's verdict is
   * for all files.
   * @param {ParcelFile} file
   * @param {{signal: AbortSignal} & import("./object_source.js").ReadingOptions} options
   * @returns {Promise<OpenedLetter>}
   */
  async letter(file, options) {
    const { text, passages, attachments, headers } = await this.openLetter(file, options);
    return decodeLetter({ text, passages, attachments, headers });
  }

  /**
   * The written message as the vault has opened it, with its texts as bytes. The caller overwrites the bytes.
   * @param {ParcelFile} file
   * @param {{signal: AbortSignal} & import("./object_source.js").ReadingOptions} options
   * @returns {Promise<import("../vault/types/verbs.js").VaultReply<"message.verify">>}
   */
  async openLetter(file, options) {
    const message = new Uint8Array(file.sizeBytes);
    let at = 0;
    for await (const chunk of this.chunks(file, options)) {
      message.set(new Uint8Array(chunk), at);
      at += chunk.byteLength;
      overwrite(chunk);
    }
    const vault = await this.#vault();
    // The message has no encrypted layer that an identity could open, so no identities are passed.
    const args = { message: message.buffer, identities: [], sealKey: this.#useKey(), ...this.#trust.judging(), contacts: null };
    return vault.call("message.verify", args, { signal: options.signal });
  }

  /**
   * The plaintext of a file, chunk by chunk. The caller overwrites each chunk.
   * @param {ParcelFile} file
   * @param {{signal: AbortSignal} & import("./object_source.js").ReadingOptions} options `onProgress` gets the bytes of the
   *   whole file that have come
   * @returns {AsyncGenerator<ArrayBuffer, void>}
   */
  async *chunks({ chunks }, { signal, onProgress = () => {}, ...reading }) {
    const ended = AbortSignal.any([signal, this.#session.ended]);
    const vault = await this.#vault();
    yield* readChunks(chunks, {
      fetch: (object, onBytes) => {
        const fetch = () => readObject(this.#ask, { ...object, signal: ended }, { ...reading, onProgress: onBytes });
        return this.#takeAhead(object)?.catch(fetch) ?? fetch();
      },
      decrypt: (cms, chunk) => vault.call("parcel.decrypt", { cms, chunk, ...this.#keys() }, { signal: ended }),
      onProgress,
    });
  }

  /**
   * Begins to fetch an object. If that fails, the object is fetched again when it is needed.
   * @param {{name: string, bytes: number, signal: AbortSignal}} object
   */
  #fetchAhead({ name, bytes, signal }) {
    const coming = readObject(this.#ask, { name, bytes, signal }, { maxTries: 1 });
    coming.catch(() => {});
    this.#ahead.set(name, { bytes, coming });
  }

  /**
   * An object that was fetched in advance, if it has the right size. Each object is returned at most once.
   * @param {{name: string, bytes: number}} object
   */
  #takeAhead({ name, bytes }) {
    const ahead = this.#ahead.get(name);
    this.#ahead.delete(name);
    return ahead?.bytes === bytes ? ahead.coming : null;
  }

  /**
   * Tells the server what became of the parcel. This is only a claim, so its failure changes nothing.
   * @param {import("./requests.js").Claim} state @param {string} [code]
   */
  async claim(state, code) {
    if (this.#ticket) await this.#requests.claim(this.#ticket, state, code).catch(() => {});
  }

  /**
   * The sender's certificate for which an answer can be encrypted; null if there is no such certificate.
   * @param {OpenedManifest} manifest
   * @param {AbortSignal} signal
   * @returns {Promise<ArrayBuffer | null>}
   */
  async answerCertificate({ sender, harvest }, signal) {
    if (!harvest) return null;
    const vault = await this.#vault();
    /** @param {import("../vault/server/trust.js").Evidence} evidence */
    const judge = (evidence) => vault.call("recipients.check", {
      address: sender, found: [], ...this.#trust.judging(structuredClone(evidence)), contacts: harvest.contacts.slice(0),
    }, { signal });
    /** @type {import("../ui/recipient_words.js").RecipientCheck[]} */
    let checks = [];
    for await (const { judged } of judgeInRounds(judge, { ask: this.#askAuthorities, store: this.#trust.evidence, signal })) {
      checks = judged.checks;
    }
    return checks.find(({ usable }) => usable)?.certificate ?? null;
  }

  /**
   * Encrypts an answer to the sender.
   * @param {object} draft in the form that the vault accepts; the data of its attachments is transferred
   * @param {ArrayBuffer} certificate
   * @returns {Promise<ArrayBuffer>}
   */
  async encryptAnswer(draft, certificate) {
    if (!this.#entrance) throw lockedError();
    this.#session.touch();
    const vault = await this.#vault();
    // All common S/MIME programs can read CBC. Thunderbird shows messages with authenticated ciphers as empty.
    const { cms } = await vault.call("parcel.reply", { draft, recipients: [certificate.slice(0)], cipher: "cbc" });
    return cms;
  }

  /** Sends an encrypted answer to the sender through the server. @param {{key: string, cms: ArrayBuffer}} answer */
  sendAnswer(answer) {
    return this.#withTicket((ticket) => this.#requests.answer(ticket, answer));
  }

  /**
   * Makes a key for an address of the person, and the request for its certificate.
   * @param {string} address
   * @param {Secret} passphrase whose buffer is transferred or overwritten
   * @returns {Promise<NewKey>}
   */
  async makeKey(address, passphrase) {
    try {
      const vault = await this.#vault();
      return { address, ...await vault.call("request.make", { addresses: [address], passphrase }) };
    } finally {
      overwrite(passphrase.buffer);
    }
  }

  /** Lets the server send a code to the address of a new key. @param {NewKey} key */
  askForKey(key) {
    return this.#withTicket((ticket) => this.#requests.askForKey(ticket, key));
  }

  /** The certificates for a new key, in exchange for the code from the mail. @param {NewKey} key @param {string} code */
  confirmKey({ address, request }, code) {
    return this.#withTicket((ticket) => this.#requests.confirmKey(ticket, { address, request, code }));
  }

  /**
   * The key file (PKCS#12) with a new key and its certificates.
   * @param {NewKey} made
   * @param {ArrayBuffer[]} certificates
   * @param {Secret} passphrase whose buffer is transferred or overwritten
   * @returns {Promise<ArrayBuffer>}
   */
  async finishKey({ key }, certificates, passphrase) {
    try {
      const vault = await this.#vault();
      const args = { key: key.slice(0), passphrase, files: certificates, sealKey: this.#useKey() };
      const { p12 } = await vault.call("request.finish", args);
      return p12;
    } finally {
      overwrite(passphrase.buffer);
    }
  }

  /** Whether the parcel was opened with a certificate whose key can sign a receipt. */
  get canConfirm() {
    return this.#entrance?.canSign ?? false;
  }

  /** Gives the sender a signed receipt for the manifest that was read last. @param {AbortSignal} signal */
  async confirm(signal) {
    if (!this.#manifest) throw lockedError();
    const vault = await this.#vault();
    const { key: _, ...keys } = this.#keys();
    const args = { manifest: this.#manifest.slice(0), parcel: this.#id, ...keys, ...this.#trust.judging() };
    const { receipt } = await vault.call("parcel.receipt", args, { signal });
    await this.#withTicket((ticket) => this.#requests.confirm(ticket, receipt));
  }

  /** @type {import("./object_source.js").AskObject} */
  #ask = (name, from, signal) => this.#withTicket((ticket) => this.#requests.object(ticket, name, { from, signal }));

  /** @type {import("../vault/server/lookups.js").Asker} */
  #askAuthorities = (lookups, stop) => this.#requests.askAuthorities(this.#ticket, lookups, stop);

  /**
   * Calls the server. If the ticket has ended, proves the key again and repeats the call.
   * @template T @param {(ticket: string) => Promise<T>} call @returns {Promise<T>}
   */
  async #withTicket(call) {
    const ticket = this.#ticket;
    try {
      return await call(ticket);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== TICKET_ENDED) throw error;
      if (ticket === this.#ticket) await (this.#renewing ??= this.#renew());
      return call(this.#ticket);
    }
  }

  async #renew() {
    try {
      if (!this.#entrance) throw lockedError();
      this.#ticket = (await this.#entrance.prove(() => this.#useKey())).ticket;
    } finally {
      this.#renewing = null;
    }
  }

  #keys() {
    if (!this.#entrance) throw lockedError();
    return { ...this.#entrance.keys(), sealKey: this.#useKey() };
  }

  #useKey() {
    const sealKey = this.#session.useKey();
    if (!sealKey) throw lockedError();
    return sealKey;
  }

  #forget() {
    this.#entrance?.forget();
    this.#entrance = this.#manifest = null;
    this.#ahead.clear();
    this.#ticket = "";
  }
}

function lockedError() {
  return new VaultError("locked", "the parcel was closed before the operation had ended");
}

/** @param {{text: ArrayBuffer, passages: {path: string, text: ArrayBuffer, html?: ArrayBuffer | null}[]} & Omit<OpenedLetter, "text" | "passages">} letter @returns {OpenedLetter} */
function decodeLetter({ text, passages, ...others }) {
  return {
    ...others, text: decode(text),
    passages: passages.map((passage) => ({ path: passage.path, text: decode(passage.text), markup: passage.html ? decode(passage.html) : null })),
  };
}

/** @param {ArrayBuffer} bytes */
function decode(bytes) {
  const text = new TextDecoder().decode(bytes);
  overwrite(bytes);
  return text;
}
