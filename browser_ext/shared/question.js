/**
 * What a person agrees to, bound to what was shown. A window hashes the question at the moment it draws it, and its answer
 * carries the hash; the background hashes the question as it stands then, and refuses an answer to any other one.
 */

/**
 * A hash over a question.
 * @param {unknown} question plain data and ArrayBuffers
 * @returns {Promise<string>} SHA-256, hexadecimal
 */
export async function digestOf(question) {
  // Read before the first wait: the caller may change the object afterwards.
  const octets = new TextEncoder().encode(JSON.stringify(canonical(question)));
  return hex(await crypto.subtle.digest("SHA-256", octets));
}

/** The same text for equal data: browsers give objects back from their storage with the keys in another order. @param {unknown} value @returns {unknown} */
function canonical(value) {
  if (value instanceof ArrayBuffer) return { bytes: hex(value) };
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)).map(
    ([name, inner]) => [name, canonical(inner)],
  ));
}

/** @param {ArrayBuffer} octets @returns {string} */
function hex(octets) {
  return Array.from(new Uint8Array(octets), (octet) => octet.toString(16).padStart(2, "0")).join("");
}
