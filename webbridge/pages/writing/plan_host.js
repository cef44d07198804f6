/** The limits that keys, bridge and mail server set for a message that is being written (`LetterPlan`). */

import { letterObstacles } from "./recipients_taken.js";

/** @typedef {import("../../../wasm_build/ui/sending_plan.js").Letter} Letter */
/** @typedef {import("../../../wasm_build/ui/sending_plan.js").Remedy} Remedy */
/** @typedef {import("../trust/clear_choices.js").ClearChoices} ClearChoices */
/**
 * @typedef {{
 *   translate: import("../../../wasm_build/ui/catalogue.js").Catalogue,
 *   keys: Pick<import("../keys/keys.js").KeyRing, "unlocked" | "hasIdentityFor" | "identities">,
 *   readonly maxMessageBytes: number, readonly parcels: import("../parcels/parcel_requests.js").ParcelLimits | null,
 *   readonly signatureOffers: import("../../../wasm_build/ui/signature_options.js").SignatureOffers,
 *   clear: Pick<ClearChoices, "policy" | "ways" | "hasEncrypted" | "remember" | "noteEncrypted">,
 * }} PlanServices
 */

/** The remedies for a missing certificate in the pages. @type {Remedy[]} */
const WAYS = ["look-up", "choose-file", "encrypt-off"];
/** The remedies if the bridge accepts parcels. @type {Remedy[]} */
const WAYS_WITH_PARCEL = ["look-up", "choose-file", "parcel", "encrypt-off"];

export class PlanHost {
  /** The pages encrypt without a password. */
  hasPassword = false;
  #services;
  #sender;
  /** The offers of the mail server. @type {import("../app/service_answers.js").SendingOffers} */
  mailServer;

  /** @param {PlanServices} services @param {import("./sender.js").Sender} sender */
  constructor(services, sender) {
    this.#services = services;
    this.#sender = sender;
    this.mailServer = { maxBytes: services.maxMessageBytes, utf8: true, sharedAddresses: [] };
  }

  get sender() {
    const { keys } = this.#services;
    const { address } = this.#sender;
    return {
      address, unlocked: keys.unlocked, hasOwnIdentity: keys.hasIdentityFor(address),
      ownAddresses: keys.identities.flatMap(({ addresses }) => addresses),
    };
  }

  get ways() {
    return this.takesParcels ? WAYS_WITH_PARCEL : WAYS;
  }

  /** Whether the bridge accepts parcels. */
  get takesParcels() {
    return this.#services.parcels !== null;
  }

  get maxBytes() {
    return this.mailServer.maxBytes;
  }

  get offers() {
    return this.#services.signatureOffers;
  }

  /** The operator's policy on unencrypted mail, and the person's choices. */
  get clear() {
    return this.#services.clear;
  }

  /** The obstacles of the mail server. @param {Letter} letter */
  obstaclesHere({ people }) {
    if (this.mailServer.utf8) return [];
    return letterObstacles(people.filter(({ valid }) => valid).map(({ address }) => address), this.#services.translate);
  }
}
