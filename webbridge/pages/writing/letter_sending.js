/**
 * The sending of a letter in one or more copies. No copy is sent twice unless the person agrees. Each copy has a key at the
 * bridge, and after an error only the copies are sent that nobody has got.
 */

import { addressKey } from "../../../wasm_build/ui/formats.js";
import { ApiError } from "../app/api.js";
import { newSendingKey } from "./sending_requests.js";
import { allReadHeaders, certificatesOf, contentOf, versionOf } from "./letter_copies.js";

/** @typedef {import("./letter_copies.js").Copy} Copy */
/** @typedef {import("../keys/mail_vault.js").Draft} Draft */
/** @typedef {import("./sending_requests.js").Submission} Submission */
/** @typedef {Omit<Draft, "messageId">} Words the draft that all copies have in common */
/** @typedef {{copies: Copy[], words: Words}} Plan the letter as it is now */
/** @typedef {{copy: Copy, posting: Posting, draft: Draft, version: string}} Planned */
/**
 * The bridge, or the outbox in front of it. `isLast` says that the outbox now has all copies of the letter.
 * @typedef {Pick<import("./sending_requests.js").SendingRequests, "withdraw" | "lookForCopy" | "timestamp"> & {
 *   sendMessage: (
 *     message: ArrayBuffer, recipients: string[], key: string, wish: import("../app/service_answers.js").CopyWish | null, isLast?: boolean,
 *   ) => Promise<Submission>,
 * }} Poster
 */

export class LetterSending {
  #api;
  #vault;
  #now;
  /** @type {Map<string, Posting>} */
  #postings = new Map();
  /** Whether an earlier version of the letter was sent. */
  isEarlierSent = false;

  /**
   * @param {Poster} api
   * @param {import("../keys/mail_vault.js").MailVault} vault
   * @param {() => Plan} now
   */
  constructor(api, vault, now) {
    this.#api = api;
    this.#vault = vault;
    this.#now = now;
  }

  /** Whether a copy was perhaps sent. */
  get isOpen() {
    return [...this.#postings.values()].some(({ isOpen }) => isOpen);
  }

  /** The addresses that got a copy, and the addresses that certainly got none yet. */
  get reach() {
    const { copies } = this.#now();
    const addressesOf = (/** @type {(posting: Posting | undefined) => boolean} */ isMeant) =>
      copies.flatMap(({ name, people }) => (isMeant(this.#postings.get(name)) ? people.map(({ address }) => address) : []));
    return {
      reached: addressesOf((posting) => Boolean(posting?.sent)),
      left: addressesOf((posting) => !posting?.sent && !posting?.isOpen),
    };
  }

  /** Allows a second sending of copies that were perhaps sent, because the person has agreed. */
  agreeAgain() {
    for (const posting of this.#postings.values()) if (posting.isOpen) posting.renewKey();
  }

  /**
   * Sends the copies that nobody has got yet. Resolves when all are sent.
   * @param {{isAgreed: boolean, wish: import("../app/service_answers.js").CopyWish | null, onEncrypted: (message: ArrayBuffer) => Promise<void>}} options
   *   `isAgreed` is true if the person agreed that this version is sent besides an earlier one; `wish` is for the copy
   *   in Sent
   * @returns {Promise<Submission>} the outcome of the copy that is kept in Sent
   */
  async send({ isAgreed, wish, onEncrypted }) {
    const planned = await this.#plan();
    const left = planned.filter(({ posting, version }) => posting.sent?.version !== version);
    const hasEarlier = left.some(({ copy }) => copy.people.some(({ address }) => this.#hasGot(address)));
    if (hasEarlier && !isAgreed) this.#failAsEarlier();
    for (const { posting } of left) posting.sent = null;
    for (const [index, plannedCopy] of left.entries()) {
      const isLast = index === left.length - 1;
      await this.#sendOne(plannedCopy, { isLast, wish: isLast ? wish : false, onEncrypted: index === 0 ? onEncrypted : async () => {} });
    }
    const last = planned.at(-1)?.posting.sent;
    if (!last) throw new Error("a letter without recipients was sent");
    return last.submission;
  }

  /** Looks again for copies that were perhaps sent. Rejects if a copy is not found. */
  async look() {
    for (const { posting, version } of await this.#plan()) if (posting.isOpen) await this.#lookFor(posting, version);
  }

  /** @returns {Promise<Planned[]>} */
  async #plan() {
    const { copies, words } = this.#now();
    return Promise.all(copies.map(async (copy) => {
      const posting = this.#postings.get(copy.name) ?? new Posting();
      this.#postings.set(copy.name, posting);
      const draft = posting.draftOf(words);
      return { copy, posting, draft, version: await versionOf(draft, copy) };
    }));
  }

  /** @param {string} address */
  #hasGot(address) {
    return [...this.#postings.values()].some(({ sent }) => sent?.addresses.has(addressKey(address)));
  }

  /**
   * @param {Planned} planned
   * @param {{isLast: boolean, wish: import("../app/service_answers.js").CopyWish | null, onEncrypted: (message: ArrayBuffer) => Promise<void>}} options
   */
  async #sendOne({ copy, posting, draft, version }, { isLast, wish, onEncrypted }) {
    if (posting.keyed && posting.keyed !== version) await this.#settleEarlier(posting);
    const envelope = copy.people.map(({ address }) => address);
    const message = await this.#vault.compose(draft, {
      sign: copy.sign, recipients: certificatesOf(copy), readers: envelope, readsHeaders: allReadHeaders(copy),
      stamp: (query) => this.#api.timestamp(query),
    });
    await onEncrypted(message);
    posting.begin(version, envelope);
    const submission = await this.#api.sendMessage(message, envelope, posting.key, wish, isLast).catch((error) => {
      // Without `isOpen`, nothing was sent and nothing is on its way.
      if (error instanceof ApiError && !error.isOpen) posting.renewKey();
      throw error;
    });
    if (submission.outcome === "sent") return posting.settle(submission);
    posting.unconfirmed = { draft: contentOf(draft), messageId: draft.messageId };
    const now = (await this.#plan()).find((plannedCopy) => plannedCopy.posting === posting);
    await this.#lookFor(posting, now?.version ?? "");
  }

  /**
   * Finds out what became of an earlier version of a copy before another version is sent. Rejects if the earlier
   * version was sent or perhaps sent, or is still on its way.
   * @param {Posting} posting
   */
  async #settleEarlier(posting) {
    const submission = await this.#api.withdraw(posting.key);
    if (submission?.outcome === "perhaps") {
      posting.unconfirmed = { draft: "", messageId: "?" };
      throw new ApiError("sending-unknown", "an earlier version was perhaps sent");
    }
    posting.renewKey();
    if (submission) this.#failAsEarlier();
  }

  /** @returns {never} */
  #failAsEarlier() {
    this.isEarlierSent = true;
    throw new ApiError("sending-earlier", "an earlier version was sent");
  }

  /**
   * Looks for a copy that was perhaps sent, because some mail servers keep a copy in Sent by themselves. Rejects if none is
   * found.
   * @param {Posting} posting @param {string} version of the copy as it is now
   */
  async #lookFor(posting, version) {
    const submission = await this.#api.lookForCopy(posting.key);
    if (submission?.outcome === "sent" && posting.keyed === version) return posting.settle(submission);
    if (submission && submission.outcome !== "sent") throw new ApiError("sending-unknown", "no copy was found");
    posting.unconfirmed = { draft: "", messageId: "" };
    if (submission) {
      posting.renewKey();
      this.#failAsEarlier();
    }
    throw new ApiError("unreachable", "nothing was sent under this key");
  }
}

/** The outcome of one copy. */
class Posting {
  /** The key of the copy. It stays the same until it is certain that nothing was sent under it. */
  key = newSendingKey();
  /** The version of the copy that went to the bridge under the key; "" if certainly no version went there. */
  keyed = "";
  /** The message that was perhaps sent. If it is sent again, it keeps this Message-ID. */
  unconfirmed = { draft: "", messageId: "" };
  /** @type {{version: string, addresses: Set<string>, submission: Submission} | null} */
  sent = null;
  /** @type {string[]} */
  #envelope = [];

  get isOpen() {
    return this.unconfirmed.messageId !== "";
  }

  /** The draft of this copy. Each copy has its own Message-ID, with which the bridge finds the copy in Sent. @param {Words} words @returns {Draft} */
  draftOf(words) {
    const isSame = this.unconfirmed.draft === contentOf(words);
    const domain = words.from.replace(/>$/u, "").split("@").at(-1);
    return { ...words, messageId: isSame ? this.unconfirmed.messageId : `<${crypto.randomUUID()}@${domain}>` };
  }

  /** @param {string} version @param {string[]} envelope */
  begin(version, envelope) {
    this.keyed = version;
    this.#envelope = envelope;
  }

  /** @param {Submission} submission */
  settle(submission) {
    this.sent = { version: this.keyed, addresses: new Set(this.#envelope.map(addressKey)), submission };
    this.unconfirmed = { draft: "", messageId: "" };
    this.renewKey();
  }

  renewKey() {
    this.key = newSendingKey();
    this.keyed = "";
  }
}
