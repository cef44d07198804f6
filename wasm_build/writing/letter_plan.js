/**
 * The plan of a message that is being written: how it would be sent now, and the obstacles to sending it. The plan
 * depends on the composition, and on the program (pages or extension) in which it is written.
 */

import { areSolved } from "../parcels/letter_people.js";
import { listOf } from "../ui/formats.js";
import { optionSentences } from "../ui/signature_options.js";
import { obstacles, urgentWarnings, whatWillLeave } from "../ui/sending_plan.js";

/** @typedef {import("../ui/sending_plan.js").Letter} Letter */
/** @typedef {import("../ui/sending_plan.js").Obstacle} Obstacle */
/** @typedef {import("../ui/sending_plan.js").Remedy} Remedy */
/**
 * The program around the message, and its limits. `sender` says who the message is from, and whether the keys of this
 * person can sign it. `ways` are the remedies for a missing certificate. `obstaclesHere` are obstacles that only this
 * program has.
 * @typedef {{
 *   readonly sender: Pick<Letter, "address" | "unlocked" | "hasOwnIdentity" | "ownAddresses">,
 *   readonly ways: Remedy[], readonly maxBytes: number, readonly hasPassword: boolean,
 *   readonly offers: import("../ui/signature_options.js").SignatureOffers,
 *   obstaclesHere: (letter: Letter) => Obstacle[],
 * }} PlanHost
 */

/** Two layers of base64 lengthen attachments by about 85 %. */
const LENGTHENING = 1.85;

export class LetterPlan {
  #translate;
  #composition;
  #host;

  /**
   * @param {import("../ui/catalogue.js").Catalogue} translate
   * @param {import("./composition.js").Composition} composition
   * @param {PlanHost} host
   */
  constructor(translate, composition, host) {
    this.#translate = translate;
    this.#composition = composition;
    this.#host = host;
  }

  /** The message as `sending_plan.js` judges it. @returns {Letter} */
  get letter() {
    const { values: { sign, encrypt, text, html }, people, attached, proposal } = this.#composition;
    const { sender, ways, maxBytes, hasPassword } = this.#host;
    return {
      ...sender, sign, encrypt, people, ways, maxBytes, hasPassword,
      bytes: Math.ceil((attached.bytes + (text.length + html.length) * 2) * LENGTHENING),
      answersEncrypted: proposal.answersEncrypted, isReading: attached.isReading,
    };
  }

  /** The obstacles to sending, including those of this program. @returns {Obstacle[]} */
  get obstacles() {
    const { letter } = this;
    return [...obstacles(letter, this.#translate), ...this.#host.obstaclesHere(letter)];
  }

  /** The warnings that the person has to read before the message leaves. */
  get urgentWarnings() {
    return urgentWarnings(this.letter);
  }

  /** Whether a parcel avoids all obstacles. @param {Obstacle[]} found */
  isSolvedByParcel(found) {
    return this.#host.ways.includes("parcel") && areSolved(found);
  }

  /** The sentences that say how the message will be sent, and what the people in Bcc get. */
  get sentence() {
    const translate = this.#translate;
    const { open, hidden, options } = this.#composition;
    const { letter } = this;
    const who = listOf(hidden.filter(({ valid }) => valid).map(({ address }) => address), translate);
    const isReady = !letter.encrypt || letter.people.every(({ finding }) => finding?.readiness === "ready");
    const leaves = [
      whatWillLeave(isReady && open.length > 0 ? { ...letter, people: open } : letter, translate),
      ...optionSentences(options, this.#host.offers, translate),
    ].join(" ");
    return who && isReady ? `${leaves} ${translate(letter.encrypt ? "leaves_bcc_encrypted" : "leaves_bcc", { who })}` : leaves;
  }
}
