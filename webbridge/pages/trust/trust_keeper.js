/**
 * The trust of the person: the operator's anchors, the person's decisions and contacts, and the latest answers of
 * authorities. They become the arguments of the vault's verbs. The vault checks all of them.
 */

import { AddressBook } from "./address_book.js";
import { bytesFromBase64 } from "../../../wasm_build/vault/values/base64.js";
import { EvidenceStore } from "../../../wasm_build/vault/server/lookups.js";
import { haveSameBytes } from "../../../wasm_build/vault/values/same_bytes.js";

/** @typedef {import("../../../wasm_build/vault/server/trust.js").Trust} Trust */
/** @typedef {import("../../../wasm_build/vault/server/trust.js").Following} Following */

/**
 * The settings that replace the bridge's unsigned settings while a signed list is followed. They add no anchors. Their
 * policy on revocation is the strictest, so it cannot weaken the list's policy.
 * @type {Readonly<Trust>}
 */
const NO_UNSIGNED_WORD = { anchors: [], timestampAnchors: [], mozilla: false, revocation: "required" };

/**
 * Dispatches "decided" when a decision or a look-up of the person may have changed verdicts, and "withdrawn" when the
 * person trusts less than before. Dispatches "learned" when contacts, decisions or the address book have changed and should
 * be kept, and "sent" when something will be sent to the account at the key server.
 */
export class TrustKeeper extends EventTarget {
  evidence = new EvidenceStore();
  book = new AddressBook();
  /** Certificates of authorities that were missing in messages and were looked up. @type {ArrayBuffer[]} */
  #issuers = [];
  /** The person's decisions, in the form of `smime_core/trust/decisions_json.py`. @type {ArrayBuffer | null} */
  #decisions = null;
  /** The person's contacts, in the form of `smime_core/trust/contacts_json.py`. @type {ArrayBuffer | null} */
  #contacts = null;
  /**
   * The state of the account at the key server at the last merge, as `roaming.merge` gave it. The vault compares this
   * state with the contacts and decisions to find later changes and removals, so the state stays beside them.
   * @type {ArrayBuffer | null}
   */
  #merged = null;
  /** The state that was sent to that account after the last merge, as `roaming.merge` gave it. @type {ArrayBuffer | null} */
  #sent = null;
  /** Resolves when the unconfirmed state is kept for later sessions, or cannot be kept. @type {Promise<void>} */
  unconfirmedStored = Promise.resolve();
  /** A number that grows with each change of contacts and decisions. */
  #version = 0;
  /** Resolves when the state of earlier sessions was read, or is known to be missing. @type {Promise<void>} */
  known = Promise.resolve();
  /**
   * The addresses of contacts and the fingerprints of decisions that the person has removed, until a state without
   * these entries is kept. A state from another tab may still have these entries.
   */
  #removed = { addresses: new Set(/** @type {string[]} */ ([])), fingerprints: new Set(/** @type {string[]} */ ([])) };
  /** A number that grows with each change of the contacts. It shows whether a verdict was made with older contacts. */
  #basis = 0;
  /** A number that grows with each change of the decisions. */
  #decisionsBasis = 0;
  /** @type {Trust} */
  #operator = { anchors: [] };
  /** The trust list from the bridge, not checked yet. @type {string | null} */
  #uncheckedList = null;
  /** @type {Following | null} */
  #following = null;
  #isNewlyFollowed = false;
  /** Whether the list may be kept: true after a sign-in on the person's own computer. */
  #mayKeepList = false;
  #lists;

  /** @param {Pick<import("../app/local_storage_bytes.js").LocalStorageBytes, "read" | "write">} lists */
  constructor(lists) {
    super();
    this.#lists = lists;
    this.book.addEventListener("change", () => this.#learned());
  }

  /** @param {import("../app/service_answers.js").BridgeConfig} config */
  adoptOperator({ anchors, timestampAnchors, trustList, mozilla, revocation }) {
    const anchorOf = (/** @type {string} */ encoded) =>
      ({ certificate: bytesFromBase64(encoded), source: /** @type {const} */ ("operator") });
    this.#uncheckedList = trustList;
    this.#operator = {
      anchors: anchors.map(anchorOf), timestampAnchors: timestampAnchors.map(anchorOf), mozilla, revocation,
    };
  }

  /**
   * Follows the list from the bridge. The signer of the first list is pinned: a later list is accepted only if it is
   * newer and has the same signer.
   * @param {{call: (verb: string, args: object) => Promise<any>}} vault
   */
  async follow(vault) {
    const earlierList = this.#following?.followed ?? this.#lists.read();
    if (!earlierList && !this.#uncheckedList) return;
    const list = this.#uncheckedList === null ? null : bytesFromBase64(this.#uncheckedList);
    this.#following = await vault.call("trust.follow", {
      list, followed: earlierList?.slice(0) ?? null, at: new Date().toISOString(),
    }).catch(unreadable);
    const followed = this.#following?.followed;
    this.#isNewlyFollowed ||= !earlierList && Boolean(followed);
    if (followed && this.#mayKeepList) this.#lists.write(followed);
    // A signed list replaces the unsigned settings, even if it has expired or is damaged.
    if (followed || earlierList) this.#operator = { ...NO_UNSIGNED_WORD };
  }

  /**
   * Sets whether the list is kept for the next visit. On another person's computer it is not kept.
   * @param {boolean} isOwnComputer
   */
  keepList(isOwnComputer) {
    this.#mayKeepList = isOwnComputer;
    const followed = this.#following?.followed;
    if (isOwnComputer && followed) this.#lists.write(followed);
  }

  /** The followed list, and the problems with refused lists; null if there was no list. */
  get following() {
    return this.#following;
  }

  /** Whether the signer was pinned in this visit. The person has not compared the signer's fingerprint then. */
  get isNewlyFollowed() {
    return this.#isNewlyFollowed;
  }

  /** Forgets the list and its signer. At the next visit, the signer of the bridge's list is pinned. */
  stopFollowing() {
    this.#lists.write(null);
    this.#following = null;
    this.#isNewlyFollowed = false;
    this.dispatchEvent(new Event("withdrawn"));
    this.dispatchEvent(new Event("decided"));
  }

  /**
   * The arguments `trust` and `at` of a verb that judges, as copies, because a call transfers buffers.
   * @param {import("../../../wasm_build/vault/server/trust.js").Evidence} [evidence] the evidence to use; by default the kept one
   */
  judging(evidence = this.evidence.copy()) {
    return {
      trust: {
        ...structuredClone(this.#operator),
        followed: this.#following?.followed?.slice(0) ?? null,
        decisions: this.decisions(),
        evidence: { ...evidence, certificates: structuredClone(this.#issuers) },
      },
      at: new Date().toISOString(),
    };
  }

  /** The argument `contacts` of a verb, as a copy. */
  contacts() {
    return { contacts: this.#contacts?.slice(0) ?? null };
  }

  /** A number that grows with each change of the contacts. */
  get basis() {
    return this.#basis;
  }

  /**
   * Replaces the contacts, unless the new contacts were made from older contacts and would undo later changes.
   * @param {ArrayBuffer} contacts the contacts from the vault
   * @param {number} [basis] the value of `basis` when they were made
   * @returns {boolean} whether they are used
   */
  keepContacts(contacts, basis = this.#basis) {
    if (basis !== this.#basis) return false;
    if (haveSameBytes(contacts, this.#contacts)) return true;
    this.#contacts = contacts;
    this.#basis += 1;
    this.#learned();
    return true;
  }

  /** Lets the open message be judged again with the present contacts and decisions. */
  judgeAgain() {
    this.dispatchEvent(new Event("decided"));
  }

  /** The argument `decisions` of a verb, as a copy. */
  decisions() {
    return this.#decisions?.slice(0) ?? null;
  }

  /** A number that grows with each change of the decisions. */
  get decisionsBasis() {
    return this.#decisionsBasis;
  }

  /**
   * Replaces the decisions, unless the new decisions were made from older decisions. These may include removed
   * decisions.
   * @param {ArrayBuffer} decisions the decisions from the vault
   * @param {number} basis the value of `decisionsBasis` when they were made
   * @returns {boolean} whether they are used
   */
  keepDecisions(decisions, basis) {
    if (basis !== this.#decisionsBasis) return false;
    this.#decisions = decisions;
    this.#decisionsBasis += 1;
    this.dispatchEvent(new Event("decided"));
    this.#learned();
    return true;
  }

  #learned() {
    this.#version += 1;
    this.dispatchEvent(new Event("learned"));
  }

  /** Takes the address book of the account. @param {Record<string, Record<string, string>>} account */
  takeBook(account) {
    if (this.book.take(account)) this.#learned();
  }

  /** A number that grows with each change of contacts, decisions and the address book. */
  get version() {
    return this.#version;
  }

  /** The argument `base` of `roaming.merge`, as a copy. */
  merged() {
    return this.#merged?.slice(0) ?? null;
  }

  /** The argument `sent` of `roaming.merge`, as a copy. */
  sent() {
    return this.#sent?.slice(0) ?? null;
  }

  /** Notes the state that will be sent to the account. The next merge drops the note. @param {ArrayBuffer} sent */
  noteUnconfirmed(sent) {
    this.#sent = sent;
    this.dispatchEvent(new Event("sent"));
  }

  /**
   * Keeps the result of a merge with the account at the key server.
   * @param {{contacts: ArrayBuffer, decisions: ArrayBuffer, base: ArrayBuffer}} merged
   */
  keepMerged({ contacts, decisions, base }) {
    const isSame = isAsBefore(contacts, this.#contacts) && isAsBefore(decisions, this.#decisions);
    const isSameBase = haveSameBytes(base, this.#merged);
    this.#merged = base;
    this.#sent = null;
    if (!isSame) {
      this.#contacts = isAsBefore(contacts, this.#contacts) ? this.#contacts : contacts;
      this.#decisions = isAsBefore(decisions, this.#decisions) ? this.#decisions : decisions;
      this.#basis += 1;
      this.#decisionsBasis += 1;
      this.dispatchEvent(new Event("decided"));
    }
    if (!isSame || !isSameBase) this.dispatchEvent(new Event("learned"));
  }

  /** Notes that the person removed a contact. @param {string} address */
  noteRemovedContact(address) {
    this.#removed.addresses.add(address);
  }

  /** Notes that the person removed a decision. @param {string} fingerprint */
  noteRemovedDecision(fingerprint) {
    this.dispatchEvent(new Event("withdrawn"));
    this.#removed.fingerprints.add(fingerprint);
  }

  /** The removed addresses and fingerprints, as copies. */
  get removed() {
    const { addresses, fingerprints } = this.#removed;
    return { addresses: [...addresses], fingerprints: [...fingerprints] };
  }

  /** Forgets removals, because a state without these entries is kept. @param {TrustKeeper["removed"]} kept */
  forgetRemoved({ addresses, fingerprints }) {
    for (const address of addresses) this.#removed.addresses.delete(address);
    for (const fingerprint of fingerprints) this.#removed.fingerprints.delete(fingerprint);
  }

  /** Whether there is something to keep. */
  get hasLearned() {
    return !this.book.isEmpty || [this.#contacts, this.#decisions, this.#merged, this.#sent].some((part) => part !== null);
  }

  /**
   * @param {{
   *   contacts: ArrayBuffer, decisions: ArrayBuffer, book: ArrayBuffer, merged: ArrayBuffer | null, sent: ArrayBuffer | null,
   * }} kept the state of earlier sessions, already joined with this session's, except the book, which is joined here
   */
  adopt({ contacts, decisions, book, merged, sent }) {
    this.book.join(book);
    this.#replace({ contacts, decisions, merged, sent });
    this.dispatchEvent(new Event("decided"));
  }

  /** @param {Record<"contacts" | "decisions" | "merged" | "sent", ArrayBuffer | null>} state */
  #replace({ contacts, decisions, merged, sent }) {
    this.#contacts = contacts;
    this.#decisions = decisions;
    this.#merged = merged;
    this.#sent = sent;
    this.#basis += 1;
    this.#decisionsBasis += 1;
    this.#version += 1;
  }

  /** @param {ArrayBuffer[]} certificates looked-up certificates of authorities, which the vault checks */
  keepIssuers(certificates) {
    this.#issuers.push(...certificates);
    this.dispatchEvent(new Event("decided"));
  }

  /** The operator's settings, to show them to people. */
  get operator() {
    return this.#operator;
  }

  /** Forgets the data of the person at sign-out. */
  forget() {
    this.forgetRemoved(this.removed);
    this.evidence.clear();
    this.book.forget();
    this.#issuers = [];
    this.#replace({ contacts: null, decisions: null, merged: null, sent: null });
  }
}

/** @param {{code?: string, message: string}} error @returns {Following} */
function unreadable({ code = "", message }) {
  return { followed: null, operator: null, list: null, problems: [{ code, message }] };
}

/** Whether nothing has changed. An empty buffer equals a value that was never kept. @param {ArrayBuffer} next @param {ArrayBuffer | null} before */
function isAsBefore(next, before) {
  return next.byteLength === 0 ? before === null : haveSameBytes(next, before);
}
