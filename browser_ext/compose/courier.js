/** The requests of the writing window to the background. The page encrypts secrets before it sends them. */
import { encryptTo, generateKeys, openWith } from "../shared/channel.js";
import { packLetter, unpackLetter } from "../../wasm_build/vault/values/packed_letter.js";
import { RequestError } from "../shared/messages.js";
import { followProgress } from "../shared/progress.js";
import { digestOf } from "../shared/question.js";
import { ask, askWithSecrets } from "../shared/request.js";
import { versionOf } from "./letter_version.js";

/** @typedef {import("../../wasm_build/ui/attachments.js").Attachment} Attachment */
/** @template [Fields=unknown] @typedef {import("../../wasm_build/vault/values/packed_letter.js").PackedLetter<Fields>} PackedLetter */
/**
 * The fields of a letter, from which the vault makes the message.
 * @typedef {Omit<VaultArgs<"message.compose">["draft"], "text" | "attachments" | "date">} LetterFields
 */
/**
 * The message that is answered or forwarded.
 * @typedef {Pick<VaultReply<"message.verify">, "report" | "headers" | "reply"> & {shown: string}} Original
 */
/**
 * The sealed parts of a draft: the letter as it is written, and its files.
 * @typedef {{
 *   letter: PackedLetter<import("../../wasm_build/writing/draft_content.js").DraftFields>,
 *   files: PackedLetter<import("../../wasm_build/writing/draft_content.js").FileFields>,
 * }} Draft
 */
/** @typedef {import("../../wasm_build/ui/recipients_field.js").Finding} Finding */
/** @typedef {ReplyTo<"compose.identities">[number]} OwnIdentity */
/**
 * The fields of a request that name the signer and the readers of a letter. `people` are the fingerprints of the certificates for
 * To, then for Cc; "" for a recipient without a certificate. `hiddenPeople` are the fingerprints for Bcc. `byPassword` are the
 * addresses of people who open the letter with a password.
 * @typedef {{
 *   identity: string, sign: boolean, encrypt: boolean, receipt: boolean, lasting: boolean, label: string, from: string, to: string[], cc: string[], bcc: string[], people: string[],
 *   hiddenPeople: string[], byPassword: string[],
 * }} Leaving
 */

/** The identity that signs a receipt, and the address from which it is sent. @typedef {{identity: string, from: string}} Receipting */

export class Courier {
  /** The field `composition`, which names this letter in each request. */
  #letter;
  /** The hash of the facts about the asking page that the window shows (`question.js`). @type {Promise<string>} */
  #shown = Promise.resolve("");
  /** @type {Promise<ReplyTo<"compose.people">> | null} */
  #people = null;

  /** @param {string} composition */
  constructor(composition) {
    this.#letter = { composition };
  }

  async claim() {
    const claimed = await ask("compose.claim", this.#letter);
    this.#shown = digestOf(claimed.question);
    return claimed;
  }

  identities() {
    return ask("compose.identities", this.#letter);
  }

  /** @param {string} keyFile @param {Secret} passphrase */
  async unlock(keyFile, passphrase) {
    await askWithSecrets("compose.unlock", { ...this.#letter, keyFile }, { passphrase });
  }

  /** Opens the mail that is answered or forwarded. @returns {Promise<{fields: Original, attachments: Attachment[]}>} */
  async original() {
    const keys = await generateKeys();
    const envelope = await ask("compose.original", { ...this.#letter, replyKey: keys.publicKey });
    const { fields, text, attachments } = unpackLetter(await openWith(keys, "original", envelope));
    return { fields: { .../** @type {Original} */ (fields), shown: new TextDecoder().decode(text) }, attachments };
  }

  /**
   * Returns a whole mail as one attachment, for forwarding.
   * @param {string} mail @param {boolean} isEncrypted @returns {Promise<Attachment>}
   */
  async whole(mail, isEncrypted) {
    const keys = await generateKeys();
    const envelope = await ask("compose.whole", { ...this.#letter, mail, isEncrypted, replyKey: keys.publicKey });
    return unpackLetter(await openWith(keys, "whole original", envelope)).attachments[0];
  }

  /** Looks up an address at the writer's bridge. @param {string} address @returns {Promise<Finding>} */
  async lookUp(address) {
    return findingOf(await ask("compose.look-up", { ...this.#letter, address }));
  }

  /** The mailboxes (names and addresses) in a typed text. @param {string} text */
  readAddresses(text) {
    return ask("compose.addresses", { ...this.#letter, text });
  }

  /** The known people; an empty list if the request fails. */
  people() {
    return (this.#people ??= ask("compose.people", this.#letter).catch(() => []));
  }

  /** @param {string} address @returns {Promise<Finding>} */
  async find(address) {
    try {
      return findingOf(await ask("compose.check", { ...this.#letter, address }));
    } catch {
      return { readiness: "failed" };
    }
  }

  /** @param {string} address @param {File} file @returns {Promise<Finding>} */
  async takeFile(address, file) {
    try {
      return findingOf(await ask("compose.certificate", { ...this.#letter, address, name: file.name, bytes: await file.arrayBuffer() }));
    } catch {
      return { readiness: "bad-file" };
    }
  }

  /** Remembers the way to people without a certificate. @param {string[]} names @param {string} way */
  rememberWay(names, way) {
    return ask("compose.remember", { ...this.#letter, names, way });
  }

  /** @param {string} address @param {{subject: string, text: string}} letter */
  askFor(address, letter) {
    return ask("compose.ask", { ...this.#letter, address, ...letter });
  }

  /**
   * @param {PackedLetter<LetterFields>} letter
   * @param {Leaving} leaving
   * @param {{password: Secret | null, again: boolean, anew: boolean, bridge: string, draft: string, secret: string}} options
   *   `bridge` is the host of the bridge that sends the letter, or "" for the webmail; `draft` names the letter, and
   *   `secret` is the letter's secret (`letter_version.js`)
   */
  async send(letter, leaving, { password, secret, ...options }) {
    // The password is overwritten when it is encrypted.
    const version = await versionOf(secret, letter, leaving, password);
    return ask("compose.send", {
      ...this.#letter, ...leaving, ...(await this.#encryptLetter(letter, password)), ...options, version, shown: await this.#shown,
    });
  }

  /**
   * @param {PackedLetter} letter @param {Leaving} leaving @param {Secret | null} password
   * @returns {Promise<ArrayBuffer[]>} the finished messages
   */
  async finish(letter, leaving, password) {
    return ask("compose.save", { ...this.#letter, ...leaving, ...(await this.#encryptLetter(letter, password)), shown: await this.#shown });
  }

  /** @param {Receipting} receipt @param {{again: boolean}} options */
  async sendReceipt(receipt, { again }) {
    return ask("receipt.send", { ...this.#letter, ...receipt, again, shown: await this.#shown });
  }

  /** @param {Receipting} receipt @returns {Promise<ArrayBuffer[]>} the receipt as a message */
  async finishReceipt(receipt) {
    return ask("receipt.save", { ...this.#letter, ...receipt, shown: await this.#shown });
  }

  /**
   * @param {string} draft @param {keyof Draft} part @param {PackedLetter} content @param {string} identity
   * @returns {Promise<boolean>} true if the part was stored, false if the keys are locked
   */
  async keep(draft, part, content, identity) {
    try {
      await ask("compose.keep", { ...this.#letter, draft, part, content: await this.#encrypt("draft", packLetter(content)), identity });
      return true;
    } catch (error) {
      if (error instanceof RequestError && error.code === "locked") return false;
      throw error;
    }
  }

  /** @template {keyof Draft} Part @param {string} draft @param {Part} part @returns {Promise<Draft[Part] | null>} */
  async restore(draft, part) {
    const keys = await generateKeys();
    const envelope = await ask("compose.restore", { ...this.#letter, draft, part, replyKey: keys.publicKey });
    return envelope && /** @type {Draft[Part]} */ (unpackLetter(await openWith(keys, "draft to go on with", envelope)));
  }

  /** The drafts that are only at the person's bridge. @returns {Promise<{id: string, at: string}[]>} */
  bridgeDrafts() {
    return ask("compose.list-drafts", this.#letter);
  }

  /** Brings a draft from the bridge to this browser. @param {string} draft */
  fetchDraft(draft) {
    return ask("compose.fetch-draft", { ...this.#letter, draft });
  }

  /** The servers that accept parcels from the person. */
  parcelWays() {
    return ask("parcel.ways", this.#letter);
  }

  /**
   * Deletes the draft at the bridge before its letter is sent as a parcel.
   * @param {string} draft @param {{anew: boolean}} options
   */
  deleteDraftBeforeSending(draft, { anew }) {
    return ask("parcel.take-back", { ...this.#letter, draft, anew });
  }

  /** @param {PackedLetter<LetterFields>} letter @returns {Promise<ArrayBuffer>} the written message for a parcel */
  async parcelMessage(letter) {
    const keys = await generateKeys();
    const { envelope } = await ask("parcel.message", {
      ...this.#letter, letter: await this.#encrypt("letter", packLetter(letter)), replyKey: keys.publicKey,
    });
    return openWith(keys, "parcel message", envelope);
  }

  /** @param {string} language @returns {Promise<VaultReply<"parcel.make">>} */
  async makeParcel(language) {
    const keys = await generateKeys();
    const { words, ...made } = await ask("parcel.make", { ...this.#letter, language, replyKey: keys.publicKey });
    return { ...made, words: await openWith(keys, "parcel words", words) };
  }

  /** @param {ArrayBuffer} content is overwritten @param {ArrayBuffer} key of the parcel */
  async encryptChunk(content, key) {
    return ask("parcel.encrypt", { ...this.#letter, content: await this.#encrypt("chunk to send", content), key });
  }

  /**
   * The plan of a parcel, or its manifest.
   * @param {"parcel.plan" | "parcel.finish"} verb
   * @param {object} described the members that are not bytes
   * @param {{key: ArrayBuffer, salt: ArrayBuffer, proof: ArrayBuffer, sign: boolean, identity: string, at: string}} options `identity` signs
   */
  async buildParcel(verb, described, options) {
    const content = await this.#encrypt("parcel to send", new TextEncoder().encode(JSON.stringify(described)).buffer);
    return ask(verb, { ...this.#letter, ...options, content, shown: await this.#shown });
  }

  /** Sends a request of an upload. @param {Omit<BodyOf<"parcel.ask">, "composition">} request */
  askParcels(request) {
    return ask("parcel.ask", { ...this.#letter, ...request });
  }

  /** Ends the sending of parcels. */
  endParcels() {
    return ask("parcel.end", this.#letter);
  }

  /** Follows the progress of the letter. @param {(progress: import("../shared/progress.js").Progress) => void} onProgress */
  follow(onProgress) {
    return followProgress(this.#letter.composition, onProgress);
  }

  /** @param {string} draft */
  drop(draft) {
    return ask("compose.drop", { ...this.#letter, draft });
  }

  close() {
    return ask("compose.close", this.#letter);
  }

  /** @param {PackedLetter} letter @param {Secret | null} password */
  async #encryptLetter(letter, password) {
    const encrypted = await this.#encrypt("letter", packLetter(letter));
    if (!password) return { letter: encrypted, password: null };
    const envelope = await this.#encrypt("password", password.buffer);
    return { letter: encrypted, password: { envelope, length: password.length } };
  }

  /** @param {string} purpose @param {ArrayBuffer} content is overwritten */
  async #encrypt(purpose, content) {
    const { publicKey } = await ask("vault.key");
    return encryptTo(publicKey, purpose, content);
  }
}

/** @param {RecipientCheck[]} checks sorted, the best first; only the first is used @returns {Finding} */
function findingOf([check]) {
  return check ? { readiness: check.usable ? "ready" : "unusable", check } : { readiness: "none" };
}
