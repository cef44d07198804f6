/**
 * Binds a person's answer to the question that was shown. A window hashes the question when it draws it, and puts the
 * hash into its answer. When the answer comes, the background hashes the current question, and refuses an answer with
 * another hash.
 */

import { hexFromBytes } from "../../wasm_build/vault/values/hexadecimal.js";

/**
 * The hash of a question.
 * @param {unknown} question plain data and ArrayBuffers
 * @returns {Promise<string>} SHA-256, hexadecimal
 */
export async function digestOf(question) {
  // The object is read before the first `await`, since the caller may change it afterwards.
  const bytes = new TextEncoder().encode(JSON.stringify(canonical(question)));
  return hexFromBytes(await crypto.subtle.digest("SHA-256", bytes));
}

/**
 * Sorts the keys, so that equal data give the same text. Browsers may return stored objects with the keys in another
 * order.
 * @param {unknown} value @returns {unknown}
 */
function canonical(value) {
  if (value instanceof ArrayBuffer) return { bytes: hexFromBytes(value) };
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).sort(([name], [other]) => (name < other ? -1 : 1)).map(
    ([name, inner]) => [name, canonical(inner)],
  ));
}
