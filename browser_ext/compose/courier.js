/** What the writing window asks of the background: everything that is secret leaves this page sealed. */
import { packLetter, unpackLetter } from "../shared/packed_letter.js";
import { RequestError } from "../shared/messages.js";
import { followProgress } from "../shared/progress.js";
import { digestOf } from "../shared/question.js";
import { ask, askWithSecrets } from "../shared/request.js";

/** @typedef {import("../shared/packed_letter.js").PackedLetter} PackedLetter */
/** @typedef {import("../runtime/ui/recipients_field.js").Finding} Finding */
/** @typedef {import("../runtime/ui/recipient_words.js").RecipientCheck} RecipientCheck */
/** @typedef {CertificateInfo & {keyFile: string, fileName: string, locked: boolean}} OwnIdentity */
/**
 * @typedef {{
 *   identity: string, sign: boolean, seal: boolean, from: string, to: string[], cc: string[], bcc: string[], people: string[],
 *   hiddenPeople: string[], byPassword: string[],
 * }} Leaving `people` are the fingerprints for To and Cc, in their order, `hiddenPeople` those for Bcc
 */

const WINDOWLESS = new Set(["storage-full", "storage-refused"]);

export class Courier {
  #composition;
  /** Of what the window said when it was drawn. @type {Promise<string> | null} */
  #shown = null;

  /** @param {string} composition */
  constructor(composition) {
    this.#composition = composition;
  }

  async claim() {
    const claimed = await this.#ask("compose.claim");
    this.#shown = digestOf(claimed.question);
    return claimed;
  }

  /** @returns {Promise<OwnIdentity[]>} */
  identities() {
    return this.#ask("compose.identities");
  }

  /** @param {string} keyFile @param {Secret} passphrase */
  async unlock(keyFile, passphrase) {
    await askWithSecrets("compose.unlock", { composition: this.#composition, keyFile }, { passphrase });
  }

  /** The mail that is answered. @returns {Promise<{fields: any, attachments: import("../shared/packed_letter.js").Attachment[]}>} */
  async original() {
    const keys = await sealwaxChannel.generateKeys();
    const envelope = await this.#ask("compose.original", { replyKey: keys.publicKey });
    const { fields, text, attachments } = unpackLetter(await sealwaxChannel.openWith(keys, "original", envelope));
    return { fields: { ...fields, text: new TextDecoder().decode(text) }, attachments };
  }

  /** A mail that is forwarded, whole as a file. @param {string} mail @param {boolean} isSealed @returns {Promise<import("../shared/packed_letter.js").Attachment>} */
  async whole(mail, isSealed) {
    const keys = await sealwaxChannel.generateKeys();
    const envelope = await this.#ask("compose.whole", { mail, isSealed, replyKey: keys.publicKey });
    return unpackLetter(await sealwaxChannel.openWith(keys, "whole original", envelope)).attachments[0];
  }

  /** Asks the bridge that the person has named. @param {string} address @returns {Promise<Finding>} */
  async lookUp(address) {
    return findingOf(await this.#ask("compose.look-up", { address }));
  }

  /** @param {string} address @returns {Promise<Finding>} */
  async find(address) {
    try {
      return findingOf(await this.#ask("compose.check", { address }));
    } catch {
      return { readiness: "failed" };
    }
  }

  /** @param {string} address @param {File} file @returns {Promise<Finding>} */
  async takeFile(address, file) {
    try {
      return findingOf(await this.#ask("compose.certificate", { address, name: file.name, bytes: await file.arrayBuffer() }));
    } catch {
      return { readiness: "bad-file" };
    }
  }

  /** @param {string} address @param {{subject: string, text: string}} letter */
  askFor(address, letter) {
    return this.#ask("compose.ask", { address, ...letter });
  }

  /**
   * @param {PackedLetter} letter
   * @param {Leaving} leaving
   * @param {{password: Secret | null, again: boolean}} options
   * @returns {Promise<{sent: boolean, problem: string, files: ArrayBuffer[], shown: ArrayBuffer | null}>} `shown` is the beginning of what left
   */
  async send(letter, leaving, { password, again }) {
    return this.#ask("compose.send", { ...leaving, ...(await this.#sealLetter(letter, password)), again, shown: await this.#shown });
  }

  /**
   * @param {PackedLetter} letter @param {Leaving} leaving @param {Secret | null} password
   * @returns {Promise<ArrayBuffer[]>} the finished messages
   */
  async finish(letter, leaving, password) {
    return this.#ask("compose.save", { ...leaving, ...(await this.#sealLetter(letter, password)), shown: await this.#shown });
  }

  /**
   * @param {string} draft @param {"letter" | "files"} part @param {PackedLetter} content @param {string} identity
   * @returns {Promise<boolean>} whether it is kept; nothing is while the keys are locked
   */
  async keep(draft, part, content, identity) {
    try {
      const sealed = await this.#seal("draft", packLetter(content));
      await this.#ask("compose.keep", { draft, part, content: sealed, identity });
      return true;
    } catch (error) {
      if (error instanceof RequestError && WINDOWLESS.has(error.code)) throw error;
      return false;
    }
  }

  /** @param {string} draft @param {"letter" | "files"} part @returns {Promise<PackedLetter | null>} */
  async restore(draft, part) {
    const keys = await sealwaxChannel.generateKeys();
    const envelope = await this.#ask("compose.restore", { draft, part, replyKey: keys.publicKey });
    return envelope && unpackLetter(await sealwaxChannel.openWith(keys, "draft to go on with", envelope));
  }

  /** How far the letter has come on its way out. @param {(told: import("../shared/progress.js").Told) => void} onTold */
  follow(onTold) {
    return followProgress(this.#composition, onTold);
  }

  /** @param {string} draft */
  drop(draft) {
    return this.#ask("compose.drop", { draft });
  }

  close() {
    return this.#ask("compose.close");
  }

  /** @param {PackedLetter} letter @param {Secret | null} password */
  async #sealLetter(letter, password) {
    const sealed = await this.#seal("letter", packLetter(letter));
    if (!password) return { letter: sealed, password: null };
    const envelope = await this.#seal("password", password.buffer);
    return { letter: sealed, password: { envelope, length: password.length } };
  }

  /** @param {string} purpose @param {ArrayBuffer} content is overwritten */
  async #seal(purpose, content) {
    const { publicKey } = await ask("vault.key");
    return sealwaxChannel.sealTo(publicKey, purpose, content);
  }

  /** @param {string} type @param {object} [body] */
  #ask(type, body = {}) {
    return ask(type, { composition: this.#composition, ...body });
  }
}

/** @param {RecipientCheck[]} checks the best first @returns {Finding} */
function findingOf([check]) {
  if (!check) return { readiness: "none" };
  return { readiness: check.usable ? "ready" : "unusable", check };
}
