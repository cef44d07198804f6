/** The errors of a parcel: for each the sentence for people, and what the person can do. */

import { errorSentence } from "../ui/catalogue.js";
import { ApiError } from "../vault/server/json_requests.js";

/** @typedef {import("../ui/catalogue.js").Catalogue} Catalogue */
/**
 * @typedef {"words" | "file" | "again" | "sender"} Remedy `words`: type the words again; `file`: choose another key file, or type
 *   its passphrase again; `again`: try again; `sender`: only the sender can help
 */

/** `smime_core.parcels` makes secrets of six words. */
export const WORDS_OF_A_SECRET = 6;
/** `parcel-words-refused` with the reason, and the place of an unknown word. */
const REFUSED_WORDS = /^parcel-words-refused-(unknown-word|word-count|too-long)(?:-(\d+))?$/u;
const WRONG_WORDS = "wrong-secret";
/** The passphrase does not open the key file. */
export const WRONG_PASSPHRASE = "key-file-passphrase";
/** The errors of a key file, which come before any object of the parcel is read. */
const OF_KEY_FILE = new Set(["parcel-not-for-certificate", "no-identity-in-file", WRONG_PASSPHRASE, "file-damaged"]);
/** The errors of a file without readable keys. */
const UNREADABLE = new Set(["malformed-message", "limit-exceeded", "unsupported-algorithm", "algorithm-forbidden"]);
/** After these errors the parcel cannot be opened here at all. */
const FINAL = new Set([
  "expired", "withdrawn", "used-up", "parcel-damaged", "parcel-mixed", "parcel-cut", "parcel-misaddressed", "parcel-refused",
  "parcel-not-authenticated", "parcel-forged", "decryption-error", "wrong-passphrase", "no-matching-recipient", "limit-exceeded", "malformed-message", "unsupported-algorithm",
  "algorithm-forbidden", "message-digest-mismatch", "content-type-mismatch",
]);

/** @param {unknown} error @returns {Remedy} */
export function remedyFor(error) {
  const code = codeOf(error);
  if (code === WRONG_WORDS || REFUSED_WORDS.test(code)) return "words";
  if (OF_KEY_FILE.has(code)) return "file";
  return FINAL.has(code) ? "sender" : "again";
}

/** The error of a key file for an error of the vault. Other operations use its codes for the parcel. @param {unknown} error */
export function keyFileError(error) {
  const code = codeOf(error);
  if (code === "wrong-passphrase") return new ApiError(WRONG_PASSPHRASE, "the passphrase does not open the file");
  return UNREADABLE.has(code) ? new ApiError("file-damaged", `the file cannot be read: ${code}`) : error;
}

/** @param {unknown} error */
export function codeOf(error) {
  return String(/** @type {{code?: unknown}} */ (error ?? {}).code ?? "internal-error");
}

/** @param {Catalogue} translate @param {unknown} error */
export function parcelSentence(translate, error) {
  if (REFUSED_WORDS.test(codeOf(error))) return wordsSentence(translate, error);
  const key = `parcel_error_${codeOf(error).replaceAll("-", "_")}`;
  if (!translate.has(key)) return errorSentence(translate, error);
  const { triesLeft = null } = /** @type {{triesLeft?: number | null}} */ (error);
  const left = triesLeft === null || triesLeft <= 0 ? "" : ` ${translate("parcel_tries_left", { count: triesLeft })}`;
  return translate(key) + left;
}

/**
 * The sentence for words that cannot be right. It may name the place of an unknown word, but never the word. Throws any
 * other error.
 * @param {Catalogue} translate
 * @param {unknown} error
 */
export function wordsSentence(translate, error) {
  const [, why, place] = REFUSED_WORDS.exec(codeOf(error)) ?? [];
  if (!why) throw error;
  if (why === "unknown-word") return translate("parcel_words_unknown", { place: Number(place) });
  return translate("parcel_words_count", { needed: WORDS_OF_A_SECRET });
}
