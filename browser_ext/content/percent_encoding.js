/** The percent-encoding of addresses. */

/** Decodes a text of an address. A text that is not valid percent-encoding, such as `100%.p7m`, stays as it is. @param {string} text */
export function decodePercent(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The most times that an address is encoded in another one. */
const MAX_ROUNDS = 5;

/** Decodes a text of an address as far as any server may: valid parts only, and again what is encoded twice. @param {string} text */
export function decodeWhole(text) {
  let [decoded, last] = [text, ""];
  for (let round = 0; round < MAX_ROUNDS && decoded !== last; round += 1) {
    last = decoded;
    // A query is decoded without an error, unlike by `decodeURIComponent`.
    decoded = new URLSearchParams(`text=${decoded.replaceAll("&", "%26").replaceAll("+", "%2B")}`).get("text") ?? "";
  }
  return decoded;
}
