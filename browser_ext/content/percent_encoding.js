/** The percent-encoding of addresses. */

/** Decodes a text of an address. A text that is not valid percent-encoding, such as `100%.p7m`, stays as it is. @param {string} text */
export function decodePercent(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
