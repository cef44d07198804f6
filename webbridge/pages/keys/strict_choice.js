/**
 * The choice of the strict setting, and another device's choice that waits for the person's answer. On the person's own
 * computer the browser keeps both choices. On other computers only the tab keeps them.
 */

import { offersOf, settle, textsForMerge } from "../../../wasm_build/vault/account/roaming_settings.js";
import { keepChoice, keptChoices } from "../app/kept_choice.js";

/** @typedef {import("../../../wasm_build/vault/account/roaming_settings.js").AllHeld} AllHeld */
/** @typedef {import("../../../wasm_build/vault/account/roaming_settings.js").Named} Named */

const NAME = "sealwax-strict";
const HELD = "sealwax-strict-held";
const CHOSEN = "yes";
const NOT_CHOSEN = "no";
/** The name of the setting's entry in the account. */
const ENTRY = "setting:strict";

/** Whether private keys stay out of the browser's own cryptography. */
export function isStrict() {
  return keptChoices(NAME).includes(CHOSEN);
}

/** @param {boolean} strict @param {boolean} isOwnComputer */
export function chooseStrict(strict, isOwnComputer) {
  keepChoice(NAME, strict ? CHOSEN : NOT_CHOSEN, isOwnComputer);
}

/** The choice in the form for the account at a key server. @returns {Named} */
export function strictForAccount() {
  const here = inEffect();
  return textsForMerge(keptChoices(NAME).length ? here : {}, held(), here, ["setting"]);
}

/**
 * Takes the choice of the person's other devices. Returns whether strict cleanup takes effect because of it. A choice
 * against strict cleanup waits for the person's answer.
 * @param {Named} account @param {boolean} isOwnComputer
 */
export function takeStrict({ setting: { strict } = {} }, isOwnComputer) {
  const { taken, held: next } = settle({ setting: strict === undefined ? {} : { strict } }, held(), inEffect(), isFlag);
  keepChoice(HELD, Object.keys(next).length > 0 ? JSON.stringify(next) : null, isOwnComputer);
  return Object.hasOwn(taken, ENTRY);
}

/** Whether another device has switched strict cleanup off, and the person has not answered here. */
export function isOfferedUnstrict() {
  return offersOf(held(), inEffect()).length > 0;
}

/** Keeps strict cleanup here. @param {boolean} isOwnComputer */
export function declineUnstrict(isOwnComputer) {
  const { [ENTRY]: offered, ...others } = held();
  if (offered) keepChoice(HELD, JSON.stringify({ ...others, [ENTRY]: { ...offered, state: "declined" } }), isOwnComputer);
}

/**
 * Calls `changed` when another tab has changed the choice that the browser keeps.
 * @param {(strict: boolean) => void} changed
 */
export function watchStrict(changed) {
  addEventListener("storage", ({ key }) => {
    if (key === NAME) changed(isStrict());
  });
}

function inEffect() {
  return { [ENTRY]: JSON.stringify(isStrict()) };
}

/** @returns {AllHeld} */
function held() {
  try {
    return JSON.parse(keptChoices(HELD)[0] ?? "{}");
  } catch {
    return {};
  }
}

/** @param {string} _ @param {string} text */
function isFlag(_, text) {
  return text === "true" || text === "false";
}
