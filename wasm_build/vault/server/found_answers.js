/**
 * The certificates that a bridge has found for an address (`POST /api/directory`). Each certificate is read separately,
 * so that an invalid one does not affect the others. The vault judges the certificates.
 */

import { entriesOf, membersOf, textOf, wordOf } from "./answer_values.js";
import { bytesFromBase64 } from "../values/base64.js";

/** @typedef {{certificate: ArrayBuffer, source: string, detail: string, intermediates: ArrayBuffer[]}} Found */

/** The sources of a bridge. The vault prefers the person's own sources, such as the contacts. */
const SOURCES = /** @type {const} */ (["bridge", "ldap", "smimea", "url"]);
/** The largest number of entries that are read from one list of certificates or of authorities' answers. */
const MAX_ENCODED = 500;
const MAX_ENCODED_CHARACTERS = 40_000_000;
const MAX_DETAIL_CHARACTERS = 300;

/** @param {unknown} answer @returns {Found[]} */
export function readFound(answer) {
  return entriesOf(membersOf(answer)["found"], MAX_ENCODED).flatMap((value) => {
    const { certificate, source, detail, intermediates } = membersOf(value);
    const der = readDer(certificate);
    if (der === null) return [];
    const known = wordOf(source, SOURCES) ?? "bridge";
    return [{ certificate: der, source: known, detail: textOf(detail, MAX_DETAIL_CHARACTERS), intermediates: readDers(intermediates) }];
  });
}

/**
 * Whether a directory of the bridge failed that could know the address, so that an empty answer does not say that nobody
 * knows it.
 * @param {unknown} answer
 */
export function hasFailedDirectory(answer) {
  const problems = entriesOf(membersOf(answer)["problems"], MAX_ENCODED);
  return problems.some((problem) => membersOf(problem)["code"] !== "bad-address");
}

/** The values of an array that are base64, decoded. @param {unknown} values @returns {ArrayBuffer[]} */
export function readDers(values) {
  return entriesOf(values, MAX_ENCODED).map(readDer).filter((der) => der !== null);
}

/** The decoded value; null if the value is not base64. @param {unknown} value @returns {ArrayBuffer | null} */
export function readDer(value) {
  if (typeof value !== "string" || value === "" || value.length > MAX_ENCODED_CHARACTERS) return null;
  try {
    return bytesFromBase64(value);
  } catch {
    return null;
  }
}
