/** The recipients that the mail server does not accept: the sentences before a message is sent, and after it was refused. */

import { listOf, technical } from "../../../wasm_build/ui/formats.js";
import { ApiError } from "../app/api.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../../wasm_build/ui/sending_plan.js").Obstacle} Obstacle */

/**
 * The obstacles for addresses with letters beyond ASCII at a mail server that accepts none.
 * @param {string[]} addresses
 * @param {Catalogue} translate
 * @returns {Obstacle[]}
 */
export function letterObstacles(addresses, translate) {
  return addresses.filter((address) => !/^[\x00-\x7f]*$/u.test(address)).map((address) =>
    ({ code: "letters", text: translate("obstacle_letters", { address }), remedies: [] }));
}

/**
 * The sentences about the recipients that an error names, each on a line: first the addresses to correct, then the
 * addresses to try later. Empty if the error names none.
 * @param {unknown} error
 * @param {Catalogue} translate
 * @param {{isPartial?: boolean}} [options] whether another copy of the message was sent
 */
export function refusedSentences(error, translate, { isPartial = false } = {}) {
  const refused = error instanceof ApiError ? error.refused : [];
  const sentence = (/** @type {string} */ key, /** @type {boolean} */ isTemporary) => {
    const named = refused.filter(({ temporary }) => temporary === isTemporary);
    const who = listOf(named.map(({ address, text }) => `${address} (${technical(text)})`), translate);
    return named.length > 0 ? translate(key, { who, count: named.length }) : "";
  };
  if (refused.length === 0) return "";
  return [
    sentence("recipients_refused", false), sentence("recipients_refused_now", true), isPartial ? "" : translate("nobody_received"),
  ].filter((text) => text).join("\n");
}
