/**
 * The calls of the mail views to the vault: they open messages, compose messages, and check certificates.
 *
 * This object keeps no data. Every call passes copies of keys and trust. The vault returns texts as
 * bytes. This object decodes the texts for display, and then overwrites the bytes.
 */

import { ApiError } from "../app/api.js";
import { overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { addressKey, certificatesFor, sameAddress } from "../../../wasm_build/ui/formats.js";
import { sha256Hex } from "../../../wasm_build/vault/values/hexadecimal.js";
import { judgeInRounds, whileChecking } from "../../../wasm_build/vault/server/lookups.js";
import { valuesOf } from "../../../wasm_build/ui/receipts.js";
import { shownText } from "../../../wasm_build/vault/values/shown_text.js";
import { makeMessage } from "./message_making.js";

/** @typedef {import("./keys.js").KeyRing} KeyRing */
/** @typedef {import("./keys.js").Vault} Vault */
/** @typedef {import("../../../wasm_build/ui/attachments.js").Attachment} Attachment */
/** @typedef {import("../../../wasm_build/ui/verdict_words.js").Reason} Reason */
/** @typedef {import("../../../wasm_build/ui/recipient_words.js").RecipientCheck} RecipientCheck */
/**
 * @typedef {{
 *   address: string, name: string, certificates: (Certificate & {source: string, firstSeen: string, lastSeen: string})[],
 * }} Person `name` is the name that the person has given; empty for none
 */
/**
 * @typedef {{
 *   added: string[], known: number, changed: string[], leftOut: import("../../../wasm_build/vault/types/verbs.js").LeftOut[],
 * }} PeopleImport the addresses whose certificates were added, each once; the number of certificates that were known; and
 *   the addresses whose certificates differ from the known ones
 */
/**
 * A trust anchor of the bridge's operator.
 * @typedef {{certificate: ArrayBuffer, subject: string, notAfter: string, fingerprint: string}} Authority
 */
/**
 * @typedef {Certificate & {kind: "exact" | "authority", acceptedFor: string[], acceptedAt: string}} Decision
 */
/**
 * @typedef {{certificate: ArrayBuffer, source: string, detail?: string, intermediates?: ArrayBuffer[]}} Found
 *   a certificate, and where it was found
 */
/**
 * @typedef {{
 *   from: string, sentBy?: string, to: string[], cc: string[], subject: string, text: string, html: string, attachments: Attachment[],
 *   messageId: string, inReplyTo: string | null, references: string[], hidden: HiddenField[],
 *   statements: import("../writing/statements.js").Statements,
 * }} Draft `html` is the formatted text as reduced markup; empty for none
 */
/** @typedef {import("../../../wasm_build/ui/answer.js").HiddenField} HiddenField */
/** The text of a part with its own signature. @typedef {{path: string, text: string}} Part */
/** @typedef {Attachment & {path: string, contentId: string}} ReceivedFile */
/** @typedef {import("../../../wasm_build/ui/answer.js").ReplyFields} ReplyFields */
/** @typedef {import("../reading/report.js").Report} Report */
/** @typedef {import("../../../wasm_build/ui/recipient_words.js").Certificate} Certificate */
/** @typedef {Certificate & {intermediates: ArrayBuffer[]}} ReadCertificate */
/**
 * @typedef {{
 *   address: string, before: Certificate, after: Certificate, sameIssuer: boolean, sameKey: boolean, isRenewal: boolean,
 * }} Change the change of a known sender's certificate
 */
/**
 * @typedef {{contacts: ArrayBuffer, changes: Change[], asks: boolean, basis: number}} Harvest the person's contacts
 *   after the certificates of a message were added. `basis` is the `TrustKeeper.basis` before that. If the basis has
 *   changed since, the harvest is not kept.
 */
/**
 * @typedef {{
 *   report: Report, text: string, shown: string, attachments: ReceivedFile[], headers: [string, string][], parts: Part[],
 *   passages: import("../../../wasm_build/ui/mail_text.js").Passage[],
 *   reply: ReplyFields & {people: import("../../../wasm_build/ui/answer.js").AnswerPeople}, harvest: Harvest | null, certificates: {fingerprint: string, certificate: ArrayBuffer}[],
 *   lookups: import("../../../wasm_build/vault/server/lookups.js").Lookup[],
 *   receipt: import("../../../wasm_build/ui/receipts.js").ReceiptRequest | import("../../../wasm_build/ui/receipts.js").GivenReceipt | null,
 *   label: import("../../../wasm_build/vault/types/verbs.js").SecurityLabel | null,
 *   aboutReceipts: import("../../../wasm_build/ui/receipts.js").ShownReceipt | null,
 * }} OpenedMessage `aboutReceipts` is null until the verdict is final. `shown` is the text that answers quote: `shownText`
 */

export class MailVault {
  #vault;
  #keys;
  #trust;
  #receipts;
  #ask;

  /**
   * @param {() => Promise<Vault>} vault
   * @param {KeyRing} keys
   * @param {{trust: import("../trust/trust_keeper.js").TrustKeeper, receipts: import("../reading/receipts.js").Receipts}} kept
   * @param {import("../../../wasm_build/vault/server/lookups.js").Asker} ask asks authorities about revocation
   */
  constructor(vault, keys, { trust, receipts }, ask) {
    this.#vault = vault;
    this.#keys = keys;
    this.#trust = trust;
    this.#receipts = receipts;
    this.#ask = ask;
  }

  /**
   * Opens a message and yields it with its report. If authorities must be asked, it yields twice, and the first report says
   * that the message is being checked.
   * @param {ArrayBuffer} message the bytes of the message from the mail server
   * @param {AbortSignal} [signal]
   * @returns {AsyncGenerator<OpenedMessage, void>}
   */
  async *open(message, signal) {
    const vault = await this.#vault();
    await this.#trust.known;
    let basis = this.#trust.basis;
    /** @param {import("../../../wasm_build/vault/server/trust.js").Evidence} evidence */
    const judge = async (evidence) => {
      basis = this.#trust.basis;
      const verify = (/** @type {object} */ further) => vault.call("message.verify", {
        message: message.slice(0), ...this.#keys.copies(), ...this.#trust.judging(structuredClone(evidence)),
        ...this.#trust.contacts(), fieldsToo: true, receiptsToo: true, ...further,
      }, { signal });
      const judged = await verify({});
      if (judged.receipt?.kind !== "given") return judged;
      // A receipt is judged again, together with the message that it confirms.
      const sent = await this.#receipts.findSent(judged.receipt.id);
      return sent ? verify({ sent: valuesOf(sent) }) : this.#receipts.whileLocked(judged);
    };
    for await (const { judged, settled } of judgeInRounds(judge, { ask: this.#ask, store: this.#trust.evidence, signal })) {
      const { harvest, ...opened } = decodeTexts(judged);
      yield settled
        ? { ...opened, harvest: harvest && { ...harvest, basis }, aboutReceipts: await this.#receipts.settle(opened) }
        : { ...opened, report: whileChecking(opened.report), harvest: null, aboutReceipts: null };
    }
  }

  /** The decrypted message, with its signatures. @param {ArrayBuffer} message which is transferred */
  async decrypt(message) {
    const vault = await this.#vault();
    return (await vault.call("message.decrypt", { message, ...this.#keys.copies() })).message;
  }

  /**
   * A message that is shown without keys. It has the claimed header fields, and a report that the message was not opened.
   * @param {ArrayBuffer} message
   * @param {AbortSignal} [signal]
   * @returns {Promise<OpenedMessage>}
   */
  async closed(message, signal) {
    const vault = await this.#vault();
    return decodeTexts(await vault.call("message.verify", {
      message: message.slice(0), identities: [], sealKey: null, ...this.#trust.judging(), contacts: null,
    }, { signal }));
  }

  /**
   * The encrypted subjects of messages, for a list. They may be forged, because no signature is checked.
   * @param {ArrayBuffer[]} messages the bytes of the messages, which are transferred
   * @returns {Promise<(string | null)[]>} null for each message that these keys do not decrypt
   */
  async subjects(messages) {
    const vault = await this.#vault();
    // The list makes this call without an act of the person, when the bridge answers. So the call must not keep the keys
    // unlocked.
    return (await vault.call("message.subjects", { messages, ...this.#keys.copies({ byPerson: false }) })).subjects;
  }

  /**
   * The texts of messages for the index of encrypted mail. They may be forged, because no signature is checked.
   * @param {ArrayBuffer[]} messages the bytes of the messages, which are transferred
   * @returns {Promise<({subject: string, people: string, text: ArrayBuffer} | null)[]>} null for each message that these keys
   *   do not decrypt
   */
  async texts(messages) {
    const vault = await this.#vault();
    // The index is filled in the background. So this call must not keep the keys unlocked.
    return (await vault.call("message.texts", { messages, ...this.#keys.copies({ byPerson: false }) })).texts;
  }

  /**
   * Makes a message. A request for receipts is kept before the message can be sent. Rejects if the request cannot be kept.
   * @param {Draft} draft @param {import("./message_making.js").Protection} protection
   * @returns {Promise<ArrayBuffer>} RFC 5322 bytes
   */
  async compose(draft, protection) {
    return makeMessage({ vault: await this.#vault(), keys: this.#keys, receipts: this.#receipts }, draft, protection);
  }

  /**
   * The receipt for a message, signed by this identity, and the addresses that get the receipt.
   * @param {ArrayBuffer} message @param {{id: string, from: string, subject: string, messageId: string}} receipt
   * @returns {Promise<{message: ArrayBuffer, to: string[]}>}
   */
  async makeReceipt(message, receipt) {
    const vault = await this.#vault();
    const keys = this.#keys.copies();
    if (!keys.sealKey) throw new ApiError("locked", "the keys are locked");
    return vault.call("receipt.make", { message, ...receipt, at: new Date().toISOString(), ...keys });
  }

  /**
   * The certificates of an address, from `found` and from the person's contacts, checked and sorted, best first.
   * @param {string} address
   * @param {Found[]} found
   * @returns {Promise<RecipientCheck[]>}
   */
  async checkRecipient(address, found) {
    const vault = await this.#vault();
    await this.#trust.known;
    /** @param {import("../../../wasm_build/vault/server/trust.js").Evidence} evidence */
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
   * Accepts a certificate by the person's decision. Rejects with the reason if it cannot be accepted.
   * @param {ArrayBuffer} certificate
   * @param {{kind: "exact" | "authority", addresses: string[], intermediates: ArrayBuffer[]}} options
   */
  async decide(certificate, options) {
    const fingerprint = await sha256Hex(certificate);
    await this.#trust.known;
    await this.#changeDecisions(async (vault) => {
      const { decisions } = await vault.call("decision.make", {
        ...structuredClone({ certificate, ...options }), ...this.#trust.judging(),
      });
      // The person may have removed an earlier decision on this certificate.
      this.#trust.forgetRemoved({ addresses: [], fingerprints: [fingerprint] });
      return decisions;
    });
  }

  /**
   * Changes the decisions. If another click, tab or device has changed them meanwhile, applies the change to the new
   * decisions.
   * @param {(vault: Vault) => Promise<ArrayBuffer | null>} change null if there is nothing to change
   */
  async #changeDecisions(change) {
    const vault = await this.#vault();
    for (;;) {
      const { decisionsBasis } = this.#trust;
      const decisions = await change(vault);
      if (decisions === null || this.#trust.keepDecisions(decisions, decisionsBasis)) return;
    }
  }

  /** The mailboxes of each text, by the core's parser. @param {string[]} texts @returns {Promise<import("../../../wasm_build/ui/formats.js").Mailbox[][]>} */
  async readAddresses(texts) {
    const vault = await this.#vault();
    return (await vault.call("addresses.read", { texts })).mailboxes;
  }

  /** The addresses of the people whom the person knows, with the name that the person has given or the certificate's name. */
  async contacts() {
    const people = await this.#people(await this.#vault());
    return people.map(({ address, name, certificates }) => ({ name: name || (certificates[0]?.name ?? ""), address }));
  }

  /** The person's contacts, and the people of the address book. @param {Vault} vault @returns {Promise<Person[]>} */
  async #people(vault) {
    await this.#trust.known;
    const { contacts } = this.#trust.contacts();
    const { book } = this.#trust;
    /** @type {Omit<Person, "name">[]} */
    const known = contacts ? (await vault.call("contacts.list", { contacts })).people : [];
    const named = known.map((person) => ({ ...person, name: book.nameOf(person.address) }));
    const keys = new Set(known.map(({ address }) => addressKey(address)));
    const others = book.people.filter(({ address }) => !keys.has(addressKey(address)));
    return [...named, ...others.map((person) => ({ ...person, certificates: [] }))];
  }

  /**
   * The person's contacts and decisions, and the operator's authorities, each with its facts.
   * @returns {Promise<{people: Person[], decisions: Decision[], authorities: Authority[], timestampServices: Authority[]}>}
   */
  async describeTrust() {
    const vault = await this.#vault();
    await this.#trust.known;
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
      people: await this.#people(vault),
      decisions: decisions ? (await vault.call("decision.list", { decisions })).decisions : [],
    };
  }

  /**
   * The page with all facts of a certificate.
   * @param {ArrayBuffer} certificate
   * @returns {Promise<import("../../../wasm_build/ui/certificate_rows.js").CertificatePage>}
   */
  async certificatePage(certificate) {
    return (await this.#vault()).call("certificate.page", { certificate: certificate.slice(0) });
  }

  /**
   * The certificates for an address in a file, or all certificates if none is for the address. Each comes with its
   * intermediates from the file. Rejects if the file has no certificates.
   * @param {ArrayBuffer} file
   * @param {string} address
   * @returns {Promise<{certificate: ArrayBuffer, intermediates: ArrayBuffer[]}[]>}
   */
  async readCertificates(file, address) {
    const { certificates } = await (await this.#vault()).call("certificate.read", { file });
    return certificatesFor(address, /** @type {ReadCertificate[]} */ (certificates))
      .map(({ certificate, intermediates }) => ({ certificate, intermediates }));
  }

  /**
   * Adds the people of a certificate file or an address book to the contacts.
   * @param {ArrayBuffer} file
   * @param {{acceptChanges: boolean}} options whether certificates that differ from the known ones are added too
   * @returns {Promise<PeopleImport>}
   */
  async importPeople(file, { acceptChanges }) {
    const vault = await this.#vault();
    await this.#trust.known;
    const basis = this.#trust.basis;
    const { contacts, added, known, changes, leftOut } = await vault.call("contacts.import", {
      ...this.#trust.contacts(), file: file.slice(0), at: new Date().toISOString(), acceptChanges,
    });
    // Another mail has added to the contacts meanwhile.
    if (basis !== this.#trust.basis) return this.importPeople(file, { acceptChanges });
    // The person may have removed these addresses earlier.
    const again = this.#trust.removed.addresses.filter((address) => added.some((/** @type {string} */ entry) => sameAddress(entry, address)));
    this.#trust.forgetRemoved({ addresses: again, fingerprints: [] });
    this.#trust.keepContacts(contacts);
    const changed = changes.map((/** @type {Change} */ change) => change.address);
    return { added, known, changed: acceptChanges ? [] : [...new Set(changed)], leftOut };
  }

  /** Removes people: their certificates, their names, and their places in groups. @param {string[]} addresses */
  async forgetPeople(addresses) {
    const vault = await this.#vault();
    for (const address of addresses) await this.#forgetPerson(vault, address);
    this.#trust.book.removePeople(addresses);
  }

  /** @param {Vault} vault @param {string} address */
  async #forgetPerson(vault, address) {
    for (;;) {
      const { basis } = this.#trust;
      const state = this.#trust.contacts();
      if (!state.contacts) return;
      const { contacts } = await vault.call("contacts.remove", { contacts: state.contacts, address });
      // The earlier contacts may include somebody who was removed meanwhile.
      if (basis !== this.#trust.basis) continue;
      this.#trust.noteRemovedContact(address);
      return this.#trust.keepContacts(contacts, basis);
    }
  }

  /** @param {string} fingerprint */
  async takeBack(fingerprint) {
    await this.#changeDecisions(async (vault) => {
      const basis = this.#trust.decisionsBasis;
      const bytes = this.#trust.decisions();
      const decisions = bytes && await vault.call("decision.remove", { decisions: bytes, fingerprint }).then((reply) => reply.decisions, (error) => {
        // Another tab or device has removed it meanwhile.
        if (error.code !== "decision-refused-no-such") throw error;
        return null;
      });
      if (decisions === null || basis === this.#trust.decisionsBasis) this.#trust.noteRemovedDecision(fingerprint);
      return decisions;
    });
  }
}

/** @param {any} opened */
function decodeTexts(opened) {
  const text = new TextDecoder().decode(opened.text);
  const octetsOfShown = shownText(opened);
  const shown = octetsOfShown === opened.text ? text : new TextDecoder().decode(octetsOfShown);
  const parts = opened.parts.map((/** @type {{path: string, text: ArrayBuffer}} */ part) =>
    ({ path: part.path, text: new TextDecoder().decode(part.text) }));
  const decode = (/** @type {ArrayBuffer | null} */ octets) => octets && new TextDecoder().decode(octets);
  const passages = opened.passages.map((/** @type {{path: string, text: ArrayBuffer, html: ArrayBuffer | null}} */ passage) =>
    ({ path: passage.path, text: decode(passage.text), markup: decode(passage.html) }));
  const spent = [opened, ...opened.parts, ...opened.passages].flatMap((part) => [part.text, part.html]);
  for (const octets of [...spent, octetsOfShown]) if (octets) overwrite(octets);
  return { ...opened, text, shown, parts, passages };
}
