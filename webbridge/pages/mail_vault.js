/**
 * What the mail views ask of the vault: open a message, make one, describe certificates.
 *
 * Nothing is kept here: every call hands over copies of keys and of what is trusted; texts leave their buffers only to be shown.
 */

import { overwrite } from "./keys.js";

/** @typedef {import("./keys.js").KeyRing} KeyRing */
/** @typedef {import("./keys.js").Vault} Vault */
/** @typedef {{name: string, type: string, data: ArrayBuffer}} Attachment */
/** @typedef {{code: string, sentence: string}} Reason */
/**
 * @typedef {{
 *   certificate: ArrayBuffer, addresses: string[], subject: string, issuer: string, notBefore: string, notAfter: string,
 *   fingerprint: string, usable: boolean, reason: string | null,
 * }} DescribedCertificate
 */
/**
 * @typedef {{
 *   from: string, to: string[], cc: string[], subject: string, text: string, attachments: Attachment[],
 *   messageId: string, inReplyTo: string | null, references: string[], hidden: HiddenField[],
 * }} Draft
 */
/** What a field of the answer would say, and what stands outside in its place. */
/** @typedef {{name: string, value: string, outside: string | null}} HiddenField */
/** The words that a signature below the top covers. @typedef {{path: string, text: string}} Part */
/** What an answer takes over, so that it joins the thread and hides what the message hid. */
/** @typedef {{inReplyTo: string | null, references: string[], hidden: HiddenField[]}} ReplyFields */
/** @typedef {import("./report_details.js").Report} Report */
/**
 * @typedef {{
 *   report: Report, text: string, attachments: Attachment[], headers: [string, string][], parts: Part[],
 *   reply: ReplyFields,
 * }} OpenedMessage
 */

export class MailVault {
  #vault;
  #keys;
  #trust;

  /**
   * @param {() => Promise<Vault>} vault
   * @param {KeyRing} keys
   * @param {import("./runtime/trust.js").Trust} trust
   */
  constructor(vault, keys, trust) {
    this.#vault = vault;
    this.#keys = keys;
    this.#trust = trust;
  }

  /**
   * @param {ArrayBuffer} message the bytes as the mail server holds them
   * @param {AbortSignal} [signal]
   * @returns {Promise<OpenedMessage>}
   */
  async open(message, signal) {
    const vault = await this.#vault();
    const opened = await vault.call("message.open", { message, ...this.#keys.copies(), ...this.#judging() }, { signal });
    const text = new TextDecoder().decode(opened.text);
    const parts = opened.parts.map((/** @type {{path: string, text: ArrayBuffer}} */ part) =>
      ({ path: part.path, text: new TextDecoder().decode(part.text) }));
    for (const { text: spent } of [opened, ...opened.parts]) overwrite(spent);
    return { ...opened, text, parts };
  }

  /**
   * @param {Draft} draft
   * @param {{sign: boolean, recipients: ArrayBuffer[]}} protection `recipients` empty: not sealed
   * @returns {Promise<ArrayBuffer>} RFC 5322 bytes
   */
  async compose(draft, { sign, recipients }) {
    const vault = await this.#vault();
    const { message } = await vault.call("message.compose", {
      draft: {
        ...draft,
        text: new TextEncoder().encode(draft.text).buffer,
        attachments: draft.attachments.map((attachment) => ({ ...attachment, data: attachment.data.slice(0) })),
        date: new Date().toISOString(),
      },
      sign,
      ...this.#keys.copies(),
      recipients: recipients.map((der) => der.slice(0)),
      // What every S/MIME program in use reads; Thunderbird shows authenticated ciphers as an empty message.
      cipher: "cbc",
    });
    return message;
  }

  /**
   * @param {ArrayBuffer[]} certificates
   * @returns {Promise<DescribedCertificate[]>}
   */
  async describe(certificates) {
    const vault = await this.#vault();
    return (await vault.call("certificate.describe", { certificates, ...this.#judging() })).certificates;
  }

  /** Buffers are transferred with each call: it gets copies. */
  #judging() {
    return { trust: structuredClone(this.#trust), at: new Date().toISOString() };
  }
}
