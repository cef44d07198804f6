/**
 * What the mail views ask of the vault: open a message, make one, check certificates.
 *
 * Nothing is kept here: every call hands over copies of keys and of trust; texts leave their buffers only to be shown.
 */

import { ApiError } from "./api.js";
import { overwrite } from "./runtime/cleanup.js";
import { judgeInRounds, whileChecking } from "./runtime/lookups.js";

/** @typedef {import("./keys.js").KeyRing} KeyRing */
/** @typedef {import("./keys.js").Vault} Vault */
/** @typedef {{name: string, type: string, data: ArrayBuffer}} Attachment */
/** @typedef {import("./runtime/ui/verdict_words.js").Reason} Reason */
/** @typedef {import("./runtime/ui/recipient_words.js").RecipientCheck} RecipientCheck */
/**
 * @typedef {{
 *   address: string, certificates: (Certificate & {source: string, firstSeen: string, lastSeen: string})[],
 * }} Person
 */
/** An anchor of the operator's. @typedef {{certificate: ArrayBuffer, subject: string, notAfter: string, fingerprint: string}} Authority */
/**
 * @typedef {Certificate & {kind: "exact" | "authority", acceptedFor: string[], acceptedAt: string}} Decision
 */
/**
 * @typedef {{certificate: ArrayBuffer, source: string, detail?: string, intermediates?: ArrayBuffer[]}} Found
 *   a certificate, and where it was found
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
/** @typedef {import("./runtime/ui/recipient_words.js").Certificate} Certificate */
/**
 * @typedef {{
 *   address: string, before: Certificate, after: Certificate, sameIssuer: boolean, sameKey: boolean, isRenewal: boolean,
 * }} Change a known sender has another certificate than before
 */
/**
 * @typedef {{contacts: ArrayBuffer, changes: Change[], asks: boolean, basis: number}} Harvest what a message leaves to be
 *   remembered; `basis` names the contacts that it was held against
 */
/**
 * @typedef {{
 *   report: Report, text: string, attachments: Attachment[], headers: [string, string][], parts: Part[],
 *   reply: ReplyFields, harvest: Harvest | null, certificates: {fingerprint: string, certificate: ArrayBuffer}[],
 *   lookups: import("./runtime/lookups.js").Lookup[],
 * }} OpenedMessage
 */

export class MailVault {
  #vault;
  #keys;
  #trust;
  #ask;

  /**
   * @param {() => Promise<Vault>} vault
   * @param {KeyRing} keys
   * @param {import("./trust_keeper.js").TrustKeeper} trust
   * @param {import("./runtime/lookups.js").Asker} ask where revocation is asked
   */
  constructor(vault, keys, trust, ask) {
    this.#vault = vault;
    this.#keys = keys;
    this.#trust = trust;
    this.#ask = ask;
  }

  /**
   * Opens a message, twice where the authorities have to be asked first: then the first report says that it is being
   * checked, and never more.
   * @param {ArrayBuffer} message the bytes as the mail server holds them
   * @param {AbortSignal} [signal]
   * @returns {AsyncGenerator<OpenedMessage, void>}
   */
  async *open(message, signal) {
    const vault = await this.#vault();
    await this.#trust.known;
    let basis = this.#trust.basis;
    /** @param {import("./runtime/trust.js").Evidence} evidence */
    const judge = async (evidence) => {
      basis = this.#trust.basis;
      const args = {
        message: message.slice(0), ...this.#keys.copies(), ...this.#trust.judging(evidence), ...this.#trust.contacts(),
      };
      return vault.call("message.open", args, { signal });
    };
    const options = { ask: this.#ask, store: this.#trust.evidence, signal };
    for await (const { judged, settled } of judgeInRounds(judge, options)) {
      const { harvest, ...opened } = decodeTexts(judged);
      yield settled ? { ...opened, harvest: harvest && { ...harvest, basis } } : { ...opened, report: whileChecking(opened.report), harvest: null };
    }
  }

  /**
   * @param {Draft} draft
   * @param {{sign: boolean, recipients: ArrayBuffer[]}} protection `recipients` empty: not sealed
   * @returns {Promise<ArrayBuffer>} RFC 5322 bytes
   */
  async compose(draft, { sign, recipients }) {
    const vault = await this.#vault();
    const keys = this.#keys.copies();
    if (sign && !keys.sealKey) throw new ApiError("locked", "the keys are locked");
    const { message } = await vault.call("message.compose", {
      draft: {
        ...draft,
        text: new TextEncoder().encode(draft.text).buffer,
        attachments: draft.attachments.map((attachment) => ({ ...attachment, data: attachment.data.slice(0) })),
        date: new Date().toISOString(),
      },
      sign,
      ...keys,
      recipients: recipients.map((der) => der.slice(0)),
      // What every S/MIME program in use reads; Thunderbird shows authenticated ciphers as an empty message.
      cipher: "cbc",
    });
    return message;
  }

  /**
   * What was found for an address, and what the person's contacts have, held against the address: the best first.
   * @param {string} address
   * @param {Found[]} found
   * @returns {Promise<RecipientCheck[]>}
   */
  async checkRecipient(address, found) {
    const vault = await this.#vault();
    await this.#trust.known;
    /** @param {import("./runtime/trust.js").Evidence} evidence */
    const judge = (evidence) =>
      vault.call("recipients.check", { address, found: structuredClone(found), ...this.#trust.judging(evidence), ...this.#trust.contacts() });
    /** @type {RecipientCheck[]} */
    let checks = [];
    for await (const { judged } of judgeInRounds(judge, { ask: this.#ask, store: this.#trust.evidence })) {
      checks = judged.checks;
    }
    return checks;
  }

  /**
   * What the person decided before, with one certificate more; rejects with what speaks against it.
   * @param {ArrayBuffer} certificate
   * @param {{kind: "exact" | "authority", addresses: string[], intermediates: ArrayBuffer[]}} options
   * @returns {Promise<ArrayBuffer>}
   */
  async decide(certificate, options) {
    const vault = await this.#vault();
    const args = structuredClone({ certificate, ...options });
    await this.#trust.known;
    return (await vault.call("decision.make", { ...args, ...this.#trust.judging() })).decisions;
  }

  /**
   * The people whom the person knows, what the person accepted, and whom the operator vouches for, in words.
   * @returns {Promise<{people: Person[], decisions: Decision[], authorities: Authority[], timestampServices: Authority[]}>}
   */
  async describeTrust() {
    const vault = await this.#vault();
    await this.#trust.known;
    const { contacts } = this.#trust.contacts();
    const decisions = this.#trust.decisions();
    const { anchors, timestampAnchors = [] } = this.#trust.operator;
    const describe = async (/** @type {{certificate: ArrayBuffer}[]} */ named) => {
      const certificates = named.map(({ certificate }) => certificate.slice(0));
      if (certificates.length === 0) return [];
      return (await vault.call("certificate.describe", { certificates, ...this.#trust.judging() })).certificates;
    };
    return {
      authorities: await describe(anchors),
      timestampServices: await describe(timestampAnchors),
      people: contacts ? (await vault.call("contacts.list", { contacts })).people : [],
      decisions: decisions ? (await vault.call("decision.list", { decisions })).decisions : [],
    };
  }

  /**
   * All that a certificate says.
   * @param {ArrayBuffer} certificate
   * @returns {Promise<import("./runtime/ui/certificate_rows.js").CertificatePage>}
   */
  async certificatePage(certificate) {
    const vault = await this.#vault();
    return vault.call("certificate.page", { certificate: certificate.slice(0) });
  }

  /** @param {string} address */
  async forgetContact(address) {
    const vault = await this.#vault();
    this.#trust.keepContacts((await vault.call("contacts.remove", { ...this.#trust.contacts(), address })).contacts);
  }

  /** @param {string} fingerprint */
  async takeBack(fingerprint) {
    const vault = await this.#vault();
    const args = { decisions: this.#trust.decisions(), fingerprint };
    this.#trust.keepDecisions((await vault.call("decision.remove", args)).decisions);
  }
}

/** @param {any} opened */
function decodeTexts(opened) {
  const text = new TextDecoder().decode(opened.text);
  const parts = opened.parts.map((/** @type {{path: string, text: ArrayBuffer}} */ part) =>
    ({ path: part.path, text: new TextDecoder().decode(part.text) }));
  // These pages show text alone, the markup of nobody.
  const { passages, ...shown } = opened;
  const spent = [opened, ...opened.parts, ...passages].flatMap((one) => [one.text, one.html]);
  for (const octets of spent) if (octets) overwrite(octets);
  return { ...shown, text, parts };
}
