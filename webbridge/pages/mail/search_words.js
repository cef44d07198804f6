/**
 * The words of messages and of searches, without regard to case and accents.
 *
 * A search finds a message that contains each of its words, also inside longer words, as mail servers do (RFC 9051
 * section 6.4.4). The words of a message are bytes, which can be overwritten.
 */

const MAX_WORD_CHARACTERS = 60;
/** The limit of the words for each part of a message. In longer texts, only the first words can be found. */
const MAX_BYTES = 40_000;
const BETWEEN_WORDS = "\n";

/** @param {string} text */
function fold(text) {
  return text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replaceAll("ß", "ss").replaceAll("ς", "σ");
}

/** The different words of a text, folded. @param {string} text @returns {string[]} */
function wordsOf(text) {
  const words = fold(text).match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...new Set(words.map((word) => word.slice(0, MAX_WORD_CHARACTERS)))];
}

/** The words of a text as bytes. @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export function packWords(text) {
  const packed = new Uint8Array(MAX_BYTES);
  const { written } = new TextEncoder().encodeInto(wordsOf(text).join(BETWEEN_WORDS), packed);
  const words = packed.slice(0, written);
  packed.fill(0);
  return words;
}

/** A search for the messages that contain all words of a text. */
export class WordSearch {
  #needles;

  /** @param {string} text */
  constructor(text) {
    this.#needles = wordsOf(text).map((word) => new TextEncoder().encode(word));
  }

  /** Whether the search has no words and so finds nothing. */
  get isEmpty() {
    return this.#needles.length === 0;
  }

  /** @param {Uint8Array} words from `packWords`, one part or several */
  matches(words) {
    return !this.isEmpty && this.#needles.every((needle) => hasBytes(words, needle));
  }
}

/**
 * Whether bytes contain the needle. The last byte of the needle is compared first (Horspool), so that most bytes are skipped.
 * @param {Uint8Array} bytes
 * @param {Uint8Array} needle which is not empty
 */
function hasBytes(bytes, needle) {
  const last = needle.length - 1;
  const skips = new Uint8Array(256).fill(Math.min(needle.length, 255));
  for (let index = 0; index < last; index += 1) skips[needle[index] ?? 0] = Math.min(last - index, 255);
  let end = last;
  while (end < bytes.length) {
    let back = 0;
    while (back <= last && bytes[end - back] === needle[last - back]) back += 1;
    if (back > last) return true;
    end += skips[bytes[end] ?? 0] ?? 1;
  }
  return false;
}
