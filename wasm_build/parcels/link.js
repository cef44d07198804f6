/** The link of a parcel: `/parcel.html#ID`, or `/parcel.html#ID.word-word-…` if the sender has included the words. */

/** @typedef {{id: string, words: string}} ParcelLink `words` is empty unless the link has them */

/** 16 random bytes in base64url without padding. The last character encodes only two bits. */
const ID = /^[\w-]{21}[AQgw]$/u;
/** The brackets, quotation marks, punctuation and white space that a mail program may take for a part of a link. */
const AROUND = /[<>()[\]{}"'.,;:!?\s]/u;
/** The limit on the words. The six words of a parcel are shorter, whichever list of words they are from. */
const MAX_WORDS_CHARACTERS = 400;

/**
 * The link in a fragment; null if there is no link.
 * @param {string} fragment `location.hash`
 * @returns {ParcelLink | null}
 */
export function parseLink(fragment) {
  const text = withoutEnd(decoded(fragment.replace(/^#/u, "")), AROUND);
  const point = text.indexOf(".");
  const id = point < 0 ? text : text.slice(0, point);
  const words = point < 0 ? "" : text.slice(point + 1).replaceAll("-", " ").trim();
  return ID.test(id) && words.length <= MAX_WORDS_CHARACTERS ? { id, words } : null;
}

/**
 * The text without unwanted characters at its end. A regular expression for this would need quadratic time.
 * @param {string} text
 * @param {RegExp} unwanted matches one character
 */
export function withoutEnd(text, unwanted) {
  let end = text.length;
  while (end > 0 && unwanted.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** The decoded text. A text that cannot be decoded stays as it is, because a link may be cut. @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
