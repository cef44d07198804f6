/**
 * Sends a letter as a parcel, for people who cannot read an encrypted mail, or if the letter is too large for a mail. The parcel
 * goes through the bridge of the person's session, or through the server for which the person has a token. The server that
 * accepts parcels from the letter's From is preferred.
 */
import { ParcelDialog } from "../../wasm_build/parcels/letter_dialog.js";
import { areSolved, partPeople } from "../../wasm_build/parcels/letter_people.js";
import { disturb } from "../../wasm_build/ui/calm.js";
import { createForm, inputField, openDialog, problem, uniqueId, whileBusy } from "../../wasm_build/ui/dom.js";
import { isolate, sameAddress } from "../../wasm_build/ui/formats.js";
import { LANGUAGES } from "../../wasm_build/ui/languages.js";
import { whenBridgeChanged } from "../shared/bridge_news.js";
import { errorText, textLanguage, translate } from "../texts/texts.js";
import { codeOf, RequestError } from "../shared/messages.js";
import { whenLocked } from "../shared/request.js";
import { outcomeSentence } from "./bridge_outcome.js";
import { createParcelVault, createUploads, KEYS_OF_BACKGROUND } from "./parcel_transport.js";

/** @typedef {import("../../wasm_build/parcels/letter_host.js").LetterHost} LetterHost */
/** @typedef {import("../../wasm_build/parcels/letter_people.js").People} People */
/** @typedef {import("../../wasm_build/ui/recipients_field.js").Person} Person */
/** @typedef {import("../../wasm_build/ui/sending_plan.js").Obstacle} Obstacle */
/** @typedef {import("../background/parcels/parcel_letters.js").Way} Way */
/** @typedef {ReplyTo<"compose.send">} Delivered the outcome of the mail to the others */
/** @typedef {{again: boolean, anew: boolean}} Agreed what the person has agreed to after an error (`courier.js`) */
/** @typedef {import("../../wasm_build/parcels/letter_host.js").ParcelLetter<Delivered>} ParcelLetter */
/**
 * The letter, as its window gives it. `signer` is the fingerprint of the identity that signs. `isOther` selects the people who
 * get a mail instead of the parcel, and `deliver` says how this mail is sent.
 * @typedef {Pick<ParcelLetter, "from" | "files" | "sign" | "encrypt" | "mayBeClear" | "hasStatements" | "compose" | "onUnencrypted"> & {
 *   signer: string, deliver: import("./bridge_choice.js").Delivery, prepareSending: (agreed: Agreed) => Promise<void>,
 *   sendOthers: (isOther: (person: Person) => boolean, agreed: Agreed) => Promise<Delivered>,
 *   onSent: (way: Way, others: Person[], delivered: Delivered | null) => () => void, onLeft: (end: {hasBegun: boolean, reached: Person[]}) => void,
 * }} Letter
 */

const PARTS = { createForm, disturb, inputField, problem, showDialog: openDialog, uniqueId, whileBusy };
/**
 * The errors after which the person may agree to send the mail again, or to send this version.
 * @type {Map<string, keyof Agreed>}
 */
const AGREEABLE = new Map([["sending-unknown", "again"], ["sending-earlier", "anew"], ["draft-elsewhere", "anew"]]);
const WORDS_AGAIN = { again: "send_again", anew: "send_this_version" };
/** The sentences about the mail to people outside the parcel, by how this mail is sent. */
const FOR_OTHERS = {
  raw: "as_parcel_for_others", bridge: "as_parcel_for_others", attachment: "parcel_others_attached", file: "parcel_others_file",
};

export class ParcelChoice {
  #translate;
  #courier;
  #onChange;
  /** The servers that accept parcels from the person. @type {Way[]} */
  #ways = [];
  /** Is aborted when the keys are locked. */
  #ended = new AbortController();

  /** @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate @param {import("./courier.js").Courier} courier @param {() => void} onChange */
  constructor(translate, courier, onChange) {
    this.#translate = translate;
    this.#courier = courier;
    this.#onChange = onChange;
    whenBridgeChanged(() => void this.refresh());
    whenLocked(() => {
      this.#ended.abort();
      this.#ended = new AbortController();
    });
  }

  /** Whether a server accepts parcels from the person. */
  get isOffered() {
    return this.#ways.length > 0;
  }

  /** Whether a parcel avoids all obstacles. @param {Obstacle[]} found */
  solves(found) {
    return this.isOffered && areSolved(found);
  }

  /** Looks for servers again, since a session may have begun or ended, and the person may have entered a token. */
  async refresh() {
    const ways = await this.#courier.parcelWays().catch(() => null);
    if (!ways || JSON.stringify(ways) === JSON.stringify(this.#ways)) return;
    this.#ways = ways;
    this.#onChange();
  }

  /**
   * Asks whether to send the letter as a parcel, sends the parcel, and shows the six words.
   * @param {Obstacle[]} found @param {People} people @param {Letter} letter
   */
  ask(found, people, { prepareSending, sendOthers, onSent, onLeft, deliver, signer, ...letter }) {
    const [first] = this.#ways;
    const way = this.#ways.find(({ address }) => sameAddress(address, letter.from)) ?? first;
    if (!way) return;
    const parting = partPeople(found, people);
    const isOther = (/** @type {Person} */ person) => parting.others.includes(person);
    /** @type {Agreed} */
    const agreed = { again: false, anew: false };
    const host = this.#createHost(way, { from: letter.from, deliver, signer, agreed });
    let [hasBegun, areReached] = [false, false];
    const end = () => void this.#courier.endParcels().catch(() => {});
    new ParcelDialog(host, {
      ...letter, ...parting,
      prepareSending: () => prepareSending(agreed),
      sendOthers: async () => {
        const delivered = await sendOthers(isOther, agreed);
        if (!delivered.sent) throw new NotDelivered(delivered);
        areReached = true;
        return delivered;
      },
      onBegun: () => { hasBegun = true; },
      onSent: (delivered) => {
        end();
        return onSent(way, parting.others, delivered);
      },
      onLeft: () => onLeft({ hasBegun, reached: areReached ? parting.others : [] }),
    });
  }

  /**
   * @param {Way} way @param {Pick<Letter, "from" | "deliver" | "signer"> & {agreed: Agreed}} letter
   * @returns {LetterHost}
   */
  #createHost(way, { from, deliver, signer, agreed }) {
    const [translate, courier] = [this.#translate, this.#courier];
    const [host, address] = [isolate(way.host), isolate(way.address)];
    const isOther = !sameAddress(way.address, from);
    const ended = () => this.#ended.signal;
    const language = textLanguage();
    return {
      translate, language, languages: LANGUAGES, parts: PARTS, limits: way.limits, pages: way.pages,
      vault: async () => createParcelVault(courier, signer), keys: KEYS_OF_BACKGROUND, uploads: createUploads(courier, way, language),
      notes: [translate("parcel_goes_by", { host, address }), translate("parcel_not_in_sent", { host })],
      refusal: isOther ? translate(way.via === "token" ? "parcel_other_from" : "parcel_other_session", { address, from: isolate(from), host }) : "",
      get ended() {
        return ended();
      },
      sentenceForOthers: (who) => translate(FOR_OTHERS[deliver], { who }),
      sentenceFor: (error) => (error instanceof NotDelivered ? error.sentence : errorText(error)),
      labelAgain: (error) => {
        if (error instanceof NotDelivered && error.isOpen) return translate("bridge_look_again");
        const name = AGREEABLE.get(codeOf(error));
        return name ? translate(WORDS_AGAIN[name]) : translate("try_again");
      },
      onAgain: (error) => {
        const name = AGREEABLE.get(codeOf(error));
        if (name) agreed[name] = true;
      },
      // The focus goes to each new heading, which a screen reader reads.
      announce: () => {},
    };
  }
}

/** The error if the mail to the people outside the parcel was not sent, or perhaps not sent. */
class NotDelivered extends RequestError {
  /** @param {Delivered} delivered */
  constructor({ problem: reason, byBridge }) {
    super("others-not-sent");
    /** Whether the message was perhaps sent. The bridge is asked about it before anything is sent again. */
    this.isOpen = byBridge !== undefined && byBridge.outcome !== "refused";
    const why = reason ? errorText({ code: reason, message: reason }) : translate("compose_no_reason");
    this.sentence = byBridge ? outcomeSentence(byBridge) : translate("compose_refused", { first: why });
  }
}
