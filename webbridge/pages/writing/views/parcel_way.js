/**
 * The sending of a letter as a parcel, to people without a certificate, or because the letter is too large for mail. The
 * question, the upload and the view of the six words are in a separate script, which is loaded when it is first needed.
 */

import { partPeople } from "../../../../wasm_build/parcels/letter_people.js";
import { createForm, inputField, openDialog, problem, uniqueId, whileBusy } from "../../../../wasm_build/ui/dom.js";
import { LANGUAGES } from "../../../../wasm_build/ui/languages.js";
import { disturb } from "../../../../wasm_build/ui/calm.js";
import { PARCEL_LETTER_INTEGRITY } from "../../../../wasm_build/vault/owner/pinned.js";
import { parcelLetterUrl } from "../../../../wasm_build/vault/owner/trusted_scripts.js";
import { ApiError } from "../../app/api.js";
import { lateScript } from "../../app/late_script.js";

/** @typedef {import("../../../../wasm_build/ui/recipient_line.js").Person} Person */
/** @typedef {import("../../../../wasm_build/ui/sending_plan.js").Obstacle} Obstacle */
/** @typedef {import("../../../../wasm_build/parcels/letter_people.js").People} People */
/** @typedef {import("../../parcels/letter/parcel_letter.js").ParcelDialogs} ParcelDialogs */
/**
 * @typedef {import("../../parcels/letter/parcel_letter.js").ParcelLetterServices & {
 *   readonly parcels: import("../../parcels/parcel_requests.js").ParcelLimits | null,
 * }} ParcelServices
 */
/**
 * @typedef {Omit<import("../../parcels/letter/parcel_letter.js").Letter, "isTooLarge" | "open" | "hidden" | "others" | "onBegun">} Letter
 */

const load = lateScript(parcelLetterUrl, PARCEL_LETTER_INTEGRITY);
const PARTS = { createForm, disturb, inputField, problem, showDialog: openDialog, uniqueId, whileBusy };

export class ParcelWay {
  #services;
  /** The people to whom a parcel is being sent; null while none is. @type {Set<Person> | null} */
  #going = null;

  /** @param {ParcelServices} services */
  constructor(services) {
    this.#services = services;
  }

  /** The people who get the letter by mail, besides the parcel that is being sent. @param {People} people @returns {People} */
  others({ open, hidden }) {
    const isOther = (/** @type {Person} */ person) => !this.#going?.has(person);
    return { open: open.filter(isOther), hidden: hidden.filter(isOther) };
  }

  /**
   * Asks whether to send the letter as a parcel, sends it, and shows the six words.
   * @param {Obstacle[]} found
   * @param {People} people
   * @param {Letter} letter
   */
  async ask(found, people, letter) {
    const services = this.#services;
    const limits = services.parcels;
    if (!limits) return;
    await load().catch((error) => {
      throw new ApiError("unreachable", String(error));
    });
    const parting = partPeople(found, people);
    const { sealwaxParcelLetter } = /** @type {{sealwaxParcelLetter: ParcelDialogs}} */ (/** @type {unknown} */ (globalThis));
    sealwaxParcelLetter.ask({ services, parts: PARTS, limits, languages: LANGUAGES }, {
      ...letter, ...parting,
      onBegun: () => { this.#going = new Set([...parting.open, ...parting.hidden]); },
      onLeft: (error) => {
        this.#going = null;
        letter.onLeft(error);
      },
    });
  }
}
