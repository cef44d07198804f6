/**
 * Whom the person relies on: what the operator of the bridge vouches for, what the person decided, whom they know; and
 * what the authorities answered lately. Made into the vault's argument `trust`, which judges all of it.
 */

import { base64FromBytes, bytesFromBase64 } from "./api.js";
import { EvidenceStore } from "./runtime/lookups.js";

/** @typedef {import("./runtime/trust.js").Trust} Trust */
/** @typedef {import("./runtime/trust.js").Following} Following */

/**
 * The bridge's own word once a signed list is followed: no authority, no clock, and no policy that would weaken the list's.
 * @type {Readonly<Trust>}
 */
const NO_UNSIGNED_WORD = { anchors: [], timestampAnchors: [], mozilla: false, revocation: "required" };

/**
 * Where the organisation's list is kept between visits, for each bridge its own: it says nothing about any person, and
 * without it whoever hands out lists could begin anew each time. A browser that keeps nothing follows it for this visit.
 */
export class FollowedLists {
  #key;

  /** @param {string} apiOrigin */
  constructor(apiOrigin) {
    this.#key = `followed-list ${apiOrigin}`;
  }

  /** @returns {ArrayBuffer | null} */
  read() {
    try {
      const kept = localStorage.getItem(this.#key);
      return kept === null ? null : bytesFromBase64(kept);
    } catch {
      return null;
    }
  }

  /** @param {ArrayBuffer | null} followed */
  write(followed) {
    try {
      if (followed) localStorage.setItem(this.#key, base64FromBytes(followed));
      else localStorage.removeItem(this.#key);
    } catch {
      // Storage is refused or full.
    }
  }
}

/**
 * Tells "decided" when the person accepted something, took it back or had it looked for: verdicts may be others now; and
 * "learned" when there is something new to be kept.
 */
export class TrustKeeper extends EventTarget {
  evidence = new EvidenceStore();
  /** Certificates of authorities that messages did not carry. @type {ArrayBuffer[]} */
  #issuers = [];
  /** What the person accepted, by `smime_core/decisions_json.py`. @type {ArrayBuffer | null} */
  #decisions = null;
  /** The people whom the person knows, by `smime_core/contacts_json.py`. @type {ArrayBuffer | null} */
  #contacts = null;
  /** Settles when what was kept from earlier sessions is here, or known not to be. @type {Promise<void>} */
  known = Promise.resolve();
  /** Which contacts a judgement began with: what it learned is worth nothing once others are known. */
  #basis = 0;
  /** @type {Trust} */
  #operator = { anchors: [] };
  /** What the operator handed out, unchecked. @type {string | null} */
  #handedOut = null;
  /** @type {Following | null} */
  #following = null;
  #isNewlyFollowed = false;
  /** Whether this is the person's own computer, known once somebody has signed in. */
  #mayKeepList = false;
  #lists;

  /** @param {FollowedLists} lists */
  constructor(lists) {
    super();
    this.#lists = lists;
  }

  /** @param {import("./api.js").BridgeConfig} config */
  adoptOperator({ anchors, timestampAnchors, trustList, mozilla, revocation }) {
    const anchorOf = (/** @type {string} */ encoded) =>
      ({ certificate: bytesFromBase64(encoded), source: /** @type {const} */ ("operator") });
    this.#handedOut = trustList;
    this.#operator = {
      anchors: anchors.map(anchorOf), timestampAnchors: timestampAnchors.map(anchorOf), mozilla, revocation,
    };
  }

  /**
   * Follows the list that the operator hands out. Whoever signed the first one is pinned: later ones count only when they
   * are newer and by the same.
   * @param {{call: (verb: string, args: object) => Promise<any>}} vault
   */
  async follow(vault) {
    const kept = this.#following?.followed ?? this.#lists.read();
    if (!kept && !this.#handedOut) return;
    const list = this.#handedOut === null ? null : bytesFromBase64(this.#handedOut);
    const args = { list, followed: kept?.slice(0) ?? null, at: new Date().toISOString() };
    this.#following = await vault.call("trust.follow", args).catch(unreadable);
    const followed = this.#following?.followed;
    this.#isNewlyFollowed ||= !kept && Boolean(followed);
    if (followed && this.#mayKeepList) this.#lists.write(followed);
    // Signed words take the place of unsigned ones, also when they have ended or are damaged.
    if (followed || kept) this.#operator = { ...NO_UNSIGNED_WORD };
  }

  /**
   * Keeps the list for the next visit from now on, or keeps nothing on a computer of somebody else.
   * @param {boolean} isOwnComputer
   */
  keepList(isOwnComputer) {
    this.#mayKeepList = isOwnComputer;
    const followed = this.#following?.followed;
    if (isOwnComputer && followed) this.#lists.write(followed);
  }

  /** Whose list is followed, and what was refused; null where there never was one. */
  get following() {
    return this.#following;
  }

  /** Whether the list was pinned in this visit: nobody has compared anything yet. */
  get isNewlyFollowed() {
    return this.#isNewlyFollowed;
  }

  /** Lets go of the list and of its signer: the next visit pins whoever signs the list then. */
  stopFollowing() {
    this.#lists.write(null);
    this.#following = null;
    this.#isNewlyFollowed = false;
    this.dispatchEvent(new Event("decided"));
  }

  /**
   * The arguments of a verb that judges: copies, since a call takes buffers away.
   * @param {import("./runtime/trust.js").Evidence} [evidence] what was looked up; without it, what is kept
   */
  judging(evidence = this.evidence.copy()) {
    const trust = {
      ...structuredClone(this.#operator),
      followed: this.#following?.followed?.slice(0) ?? null,
      decisions: this.decisions(),
      evidence: { ...evidence, certificates: structuredClone(this.#issuers) },
    };
    return { trust, at: new Date().toISOString() };
  }

  /** The argument `contacts` of a verb: a copy. */
  contacts() {
    return { contacts: this.#contacts?.slice(0) ?? null };
  }

  /** Names the contacts of this moment. */
  get basis() {
    return this.#basis;
  }

  /**
   * @param {ArrayBuffer} contacts as the vault made them
   * @param {number} [basis] of those that they were made from; made from others they would undo what was learned since
   */
  keepContacts(contacts, basis = this.#basis) {
    if (basis !== this.#basis || haveSameOctets(contacts, this.#contacts)) return;
    this.#contacts = contacts;
    this.#basis += 1;
    this.dispatchEvent(new Event("learned"));
  }

  /** The argument `decisions` of a verb: a copy. */
  decisions() {
    return this.#decisions?.slice(0) ?? null;
  }

  /** @param {ArrayBuffer} decisions as the vault made them */
  keepDecisions(decisions) {
    this.#decisions = decisions;
    this.dispatchEvent(new Event("decided"));
    this.dispatchEvent(new Event("learned"));
  }

  /** Whether there is anything to keep. */
  get hasLearned() {
    return this.#contacts !== null || this.#decisions !== null;
  }

  /** @param {{contacts: ArrayBuffer, decisions: ArrayBuffer}} kept from earlier sessions, joined with those of this one */
  adopt({ contacts, decisions }) {
    this.#contacts = contacts;
    this.#decisions = decisions;
    this.#basis += 1;
    this.dispatchEvent(new Event("decided"));
  }

  /** @param {ArrayBuffer[]} certificates of authorities, which the vault does not believe unchecked */
  keepIssuers(certificates) {
    this.#issuers.push(...certificates);
    this.dispatchEvent(new Event("decided"));
  }

  /** What the operator's word is, for people. */
  get operator() {
    return this.#operator;
  }

  /** Forgets what belongs to a person. */
  forget() {
    this.evidence.clear();
    this.#contacts = null;
    this.#decisions = null;
    this.#issuers = [];
    this.#basis += 1;
  }
}

/** @param {{code?: string, message: string}} error @returns {Following} */
function unreadable({ code = "", message }) {
  return { followed: null, operator: null, list: null, problems: [{ code, message }] };
}

/**
 * @param {ArrayBuffer} one
 * @param {ArrayBuffer | null} other
 */
function haveSameOctets(one, other) {
  if (one.byteLength !== other?.byteLength) return false;
  const octets = new Uint8Array(other);
  return new Uint8Array(one).every((octet, index) => octet === octets[index]);
}
