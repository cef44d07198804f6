/** The errors of a parcel: the sentence for people, and what the person can do about each. */

import { errorSentence } from "../../../wasm_build/ui/catalogue.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/**
 * @typedef {"words" | "again" | "sender"} Remedy `words`: type the words again; `again`: try again; `sender`: only the sender
 *   can help
 */

/** `smime_core.parcels` makes secrets of six words. */
export const WORDS_OF_A_SECRET = 6;
const WORDS = new Set(["wrong-secret", "parcel-words"]);
/** After these the parcel cannot be opened here, whatever the person does. */
const FINAL = new Set([
  "expired", "withdrawn", "used-up", "parcel-damaged", "parcel-mixed", "parcel-cut", "parcel-unauthenticated", "parcel-forged",
  "decryption-error", "no-such-object", "no-matching-recipient", "limit-exceeded", "malformed-message", "unsupported-algorithm",
  "algorithm-forbidden", "message-digest-mismatch", "content-type-mismatch",
]);

/** @param {unknown} error @returns {Remedy} */
export function remedyFor(error) {
  const code = codeOf(error);
  if (WORDS.has(code)) return "words";
  return FINAL.has(code) ? "sender" : "again";
}

/** @param {unknown} error */
export function codeOf(error) {
  return String(/** @type {{code?: unknown}} */ (error ?? {}).code ?? "");
}

/** @param {Catalogue} translate @param {unknown} error */
export function parcelSentence(translate, error) {
  const key = `parcel_error_${codeOf(error).replaceAll("-", "_")}`;
  if (!translate.has(key)) return errorSentence(translate, error);
  const { triesLeft = null } = /** @type {{triesLeft?: number | null}} */ (error);
  const left = triesLeft === null || triesLeft <= 0 ? "" : ` ${translate("parcel_tries_left", { count: triesLeft })}`;
  return translate(key) + left;
}

/**
 * The sentence for words that cannot be right, by their number and places; null if they may be. It never has a word.
 * @param {Catalogue} translate
 * @param {{count: number, unknown: number[]}} found
 */
export function wordsProblem(translate, { count, unknown }) {
  if (count === 0) return translate("parcel_words_missing");
  if (count !== WORDS_OF_A_SECRET) return translate("parcel_words_count", { count, needed: WORDS_OF_A_SECRET });
  if (unknown.length === 0) return null;
  const numbers = new Intl.NumberFormat(translate.locale);
  const places = unknown.map((place) => numbers.format(place));
  const words = new Intl.ListFormat(translate.locale, { style: "long", type: "conjunction" }).format(places);
  return translate("parcel_words_unknown", { count: unknown.length, places: words });
}
