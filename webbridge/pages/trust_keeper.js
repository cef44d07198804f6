/**
 * Whom the person relies on: what the operator of the bridge vouches for, what the person decided, whom they know; and
 * what the authorities answered lately. Made into the vault's argument `trust`, which judges all of it.
 */

import { bytesFromBase64 } from "./api.js";
import { EvidenceStore } from "./runtime/lookups.js";

/** @typedef {import("./runtime/trust.js").Trust} Trust */

export class TrustKeeper extends EventTarget {
  evidence = new EvidenceStore();
  /** The people whom the person knows, by `smime_core/contacts_json.py`. @type {ArrayBuffer | null} */
  #contacts = null;
  /** @type {Trust} */
  #operator = { anchors: [] };

  /** @param {import("./api.js").BridgeConfig} config */
  adoptOperator({ anchors, mozilla, revocation }) {
    const own = anchors.map((encoded) => ({ certificate: bytesFromBase64(encoded), source: /** @type {const} */ ("operator") }));
    this.#operator = { anchors: own, mozilla, revocation };
  }

  /**
   * The arguments of a verb that judges: copies, since a call takes buffers away.
   * @param {import("./runtime/trust.js").Evidence} [evidence] what was looked up; without it, what is kept
   */
  judging(evidence = this.evidence.copy()) {
    return { trust: { ...structuredClone(this.#operator), evidence }, at: new Date().toISOString() };
  }

  /** The argument `contacts` of a verb: a copy. */
  contacts() {
    return { contacts: this.#contacts?.slice(0) ?? null };
  }

  /** @param {ArrayBuffer} contacts as the vault made them */
  keepContacts(contacts) {
    this.#contacts = contacts;
    this.dispatchEvent(new Event("change"));
  }

  /** Forgets what belongs to a person. */
  forget() {
    this.evidence.clear();
    this.#contacts = null;
  }
}
