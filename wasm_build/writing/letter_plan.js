/**
 * The plan of a message that is being written: how it would be sent now, and the obstacles to sending it. The plan
 * depends on the composition, and on the program (pages or extension) in which it is written.
 */

import { areSolved } from "../parcels/letter_people.js";
import { listOf } from "../ui/formats.js";
import { optionSentences } from "../ui/signature_options.js";
import { certificateObstacles, isBlocking, obstacles, urgentWarnings, whatWillLeave } from "../ui/sending_plan.js";
import { refusedObstacle } from "./clear_words.js";
import { leavingOf, readerOf } from "../ui/leaving_clear.js";

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
 *   obstaclesHere: (letter: Letter) => Obstacle[], readonly clear: ClearHost,
 * }} PlanHost
 */
/**
 * The facts of the program for `leaving_clear.js`: the policy, the remembered ways, and with whom there was encrypted
 * mail.
 * @typedef {{
 *   readonly policy: import("../ui/leaving_clear.js").ClearPolicy, readonly ways: import("../ui/leaving_clear.js").ClearWays,
 *   hasEncrypted: (address: string) => boolean,
 * }} ClearHost
 */
/** @typedef {import("../ui/leaving_clear.js").Leaving} Leaving */

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
    const { sender, maxBytes, hasPassword } = this.#host;
    const { leaving } = this;
    return {
      ...sender, sign, encrypt: encrypt && leaving.kind !== "clear", people, ways: this.#ways(leaving), maxBytes, hasPassword, leaving,
      bytes: Math.ceil((attached.bytes + (text.length + html.length) * 2) * LENGTHENING),
      answersEncrypted: proposal.answersEncrypted, isReading: attached.isReading,
    };
  }

  /** Whether, and how, the message may leave now. */
  get leaving() {
    return this.leavingIf(this.#composition.values);
  }

  /** Whether nothing can be decided about unencrypted mail, because the keys are locked. */
  get isUndecided() {
    return !this.#host.sender.unlocked && this.leaving.kind === "wait";
  }

  /** The same, with encryption switched on or off. @param {{encrypt: boolean}} choice @returns {Leaving} */
  leavingIf({ encrypt }) {
    const { people, proposal, agreedClear } = this.#composition;
    const { policy, ways, hasEncrypted } = this.#host.clear;
    // While the keys are locked, contacts cannot be read, so that "nothing was found" is not known yet.
    const isKnown = this.#host.sender.unlocked;
    const valid = people.filter((person) => person.valid).map((person) => (isKnown ? person : unlessNone(person)));
    return leavingOf({
      readers: valid.map((person) => readerOf(person, hasEncrypted)), wantsEncryption: encrypt,
      answersEncrypted: proposal.answersEncrypted, agreed: agreedClear, policy, ways,
      offersParcel: this.#host.ways.includes("parcel"),
    });
  }

  /** The obstacles, including those of this program, and the people without a certificate. @returns {Obstacle[]} */
  get obstacles() {
    const { letter } = this;
    const { leaving } = letter;
    const translate = this.#translate;
    return [
      ...obstacles(letter, translate),
      ...isOffered(leaving) ? certificateObstacles(letter, translate) : [],
      ...leaving?.kind === "refused" ? [refusedObstacle(leaving, translate)] : [],
      ...this.#host.obstaclesHere(letter),
    ];
  }

  /** The obstacles that keep the message from being sent. */
  get blocking() {
    return this.obstacles.filter(isBlocking);
  }

  /** The warnings that the person has to read before the message leaves. One is that it leaves unencrypted by itself. */
  get urgentWarnings() {
    const { letter } = this;
    const { leaving } = letter;
    return [...urgentWarnings(letter), ...leaving?.kind === "clear" && leaving.unknown.length > 0 ? ["unencrypted"] : []];
  }

  /** Whether a parcel avoids all obstacles. @param {Obstacle[]} found */
  isSolvedByParcel(found) {
    return this.#host.ways.includes("parcel") && areSolved(found);
  }

  /** The remedies for a missing certificate. @param {Leaving} leaving */
  #ways({ kind }) {
    const { ways } = this.#host;
    return kind === "refused" ? ways.filter((way) => way !== "encrypt-off") : ways;
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

/** The person, or the same person as one who is still looked up. @param {import("../ui/recipient_line.js").Person} person */
function unlessNone(person) {
  return person.finding?.readiness === "none" ? { ...person, finding: null } : person;
}

/**
 * Whether the ways to the people without a certificate are offered, because not all are remembered.
 * @param {Leaving | undefined} leaving
 */
function isOffered(leaving) {
  return leaving?.kind === "clear" && (leaving.unasked.length > 0 || leaving.prefersParcel);
}
