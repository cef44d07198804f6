/**
 * The plan of a message that is being written: how it would leave now, and what is in the way. It reads the
 * composition, and what the keys and the bridge allow.
 */

import { areSolved } from "../../../wasm_build/parcels/letter_people.js";
import { listOf } from "../../../wasm_build/ui/formats.js";
import { optionSentences } from "../../../wasm_build/ui/signature_options.js";
import { obstacles, urgentWarnings, whatWillLeave } from "../../../wasm_build/ui/sending_plan.js";
import { letterObstacles } from "./recipients_taken.js";

/** @typedef {import("../../../wasm_build/ui/sending_plan.js").Letter} Letter */
/** @typedef {import("../../../wasm_build/ui/sending_plan.js").Obstacle} Obstacle */
/** @typedef {import("../../../wasm_build/ui/sending_plan.js").Remedy} Remedy */
/**
 * @typedef {{
 *   translate: import("../../../wasm_build/ui/catalogue.js").Catalogue,
 *   keys: Pick<import("../keys/keys.js").KeyRing, "unlocked" | "hasIdentityFor" | "identities">,
 *   readonly maxMessageBytes: number, readonly parcels: import("../parcels/parcel_requests.js").ParcelLimits | null,
 *   readonly signatureOffers: import("../../../wasm_build/ui/signature_options.js").SignatureOffers,
 * }} PlanServices
 */

/** The remedies for a missing certificate in this view. @type {Remedy[]} */
const WAYS = ["look-up", "choose-file", "encrypt-off"];
/** Those where the bridge takes parcels. @type {Remedy[]} */
const WAYS_WITH_PARCEL = ["look-up", "choose-file", "parcel", "encrypt-off"];
/** Two layers of base64 lengthen attachments by about 85 %. */
const LENGTHENING = 1.85;

export class LeavingPlan {
  #services;
  #composition;
  #sender;
  /** The offers of the mail server. @type {import("../app/service_answers.js").SendingOffers} */
  offers;

  /**
   * @param {PlanServices} services
   * @param {import("./composition.js").Composition} composition
   * @param {import("./sender.js").Sender} sender
   */
  constructor(services, composition, sender) {
    this.#services = services;
    this.#composition = composition;
    this.#sender = sender;
    this.offers = { maxBytes: services.maxMessageBytes, utf8: true, sharedAddresses: [] };
  }

  /** Whether the bridge takes parcels. */
  get isParcelOffered() {
    return this.#services.parcels !== null;
  }

  /** The message as `sending_plan.js` judges it. @returns {Letter} */
  get letter() {
    const { keys } = this.#services;
    const { values: { sign, encrypt, text, html }, people, attached, proposal } = this.#composition;
    const { address } = this.#sender;
    return {
      sign, encrypt, people, address, unlocked: keys.unlocked, hasOwnIdentity: keys.hasIdentityFor(address),
      ownAddresses: keys.identities.flatMap(({ addresses }) => addresses),
      bytes: Math.ceil((attached.bytes + (text.length + html.length) * 2) * LENGTHENING),
      maxBytes: this.offers.maxBytes, answersEncrypted: proposal.answersEncrypted, hasPassword: false,
      ways: this.isParcelOffered ? WAYS_WITH_PARCEL : WAYS, isReading: attached.isReading,
    };
  }

  /** The obstacles to sending, also those of the mail server. @returns {Obstacle[]} */
  get obstacles() {
    const { translate } = this.#services;
    const { letter } = this;
    const found = obstacles(letter, translate);
    if (this.offers.utf8) return found;
    const addresses = letter.people.filter(({ valid }) => valid).map(({ address }) => address);
    return [...found, ...letterObstacles(addresses, translate)];
  }

  /** The warnings that the person has to read before the message leaves. */
  get urgentWarnings() {
    return urgentWarnings(this.letter);
  }

  /** Whether a parcel goes around all that is in the way. @param {Obstacle[]} found */
  isSolvedByParcel(found) {
    return this.isParcelOffered && areSolved(found);
  }

  /** The sentences that tell how the message will be sent, and what the people in Bcc get. */
  get sentence() {
    const { translate, signatureOffers } = this.#services;
    const { open, hidden, options } = this.#composition;
    const { letter } = this;
    const who = listOf(hidden.filter(({ valid }) => valid).map(({ address }) => address), translate);
    const isReady = !letter.encrypt || letter.people.every(({ finding }) => finding?.readiness === "ready");
    const leaves = [
      whatWillLeave(isReady && open.length > 0 ? { ...letter, people: open } : letter, translate),
      ...optionSentences(options, signatureOffers, translate),
    ].join(" ");
    if (!who || !isReady) return leaves;
    return `${leaves} ${translate(letter.encrypt ? "leaves_bcc_encrypted" : "leaves_bcc", { who })}`;
  }
}
