/**
 * Whom the person relies on: what the operator of the bridge vouches for, what the person decided, whom they know; and
 * what the authorities answered lately. Made into the vault's argument `trust`, which judges all of it.
 */

import { bytesFromBase64 } from "./api.js";
import { EvidenceStore } from "./runtime/lookups.js";

/** @typedef {import("./runtime/trust.js").Trust} Trust */

/** Tells "decided" when the person accepted something, took it back or had it looked for: verdicts may be others now. */
export class TrustKeeper extends EventTarget {
  evidence = new EvidenceStore();
  /** Certificates of authorities that messages did not carry. @type {ArrayBuffer[]} */
  #issuers = [];
  /** What the person accepted, by `smime_core/decisions_json.py`. @type {ArrayBuffer | null} */
  #decisions = null;
  /** The people whom the person knows, by `smime_core/contacts_json.py`. @type {ArrayBuffer | null} */
  #contacts = null;
  /** @type {Trust} */
  #operator = { anchors: [] };

  /** @param {import("./api.js").BridgeConfig} config */
  adoptOperator({ anchors, timestampAnchors, mozilla, revocation }) {
    const anchorOf = (/** @type {string} */ encoded) =>
      ({ certificate: bytesFromBase64(encoded), source: /** @type {const} */ ("operator") });
    this.#operator = {
      anchors: anchors.map(anchorOf), timestampAnchors: timestampAnchors.map(anchorOf), mozilla, revocation,
    };
  }

  /**
   * The arguments of a verb that judges: copies, since a call takes buffers away.
   * @param {import("./runtime/trust.js").Evidence} [evidence] what was looked up; without it, what is kept
   */
  judging(evidence = this.evidence.copy()) {
    const trust = {
      ...structuredClone(this.#operator),
      decisions: this.decisions(),
      evidence: { ...evidence, certificates: structuredClone(this.#issuers) },
    };
    return { trust, at: new Date().toISOString() };
  }

  /** The argument `contacts` of a verb: a copy. */
  contacts() {
    return { contacts: this.#contacts?.slice(0) ?? null };
  }

  /** @param {ArrayBuffer} contacts as the vault made them */
  keepContacts(contacts) {
    this.#contacts = contacts;
  }

  /** The argument `decisions` of a verb: a copy. */
  decisions() {
    return this.#decisions?.slice(0) ?? null;
  }

  /** @param {ArrayBuffer} decisions as the vault made them */
  keepDecisions(decisions) {
    this.#decisions = decisions;
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
  }
}
