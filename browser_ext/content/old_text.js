/**
 * A text that the person has had encrypted, and whether a page still holds it: in clear, in another form, or in part.
 * Only letters and digits count, because editors change everything else. A long text is there if half of its runs of
 * letters are there, in any order. A short text is there if nothing else is there.
 */
const RUN = 12;
/** The most runs that are looked for. Of a longer text only some runs are. */
const MAX_RUNS = 20_000;
/** The most characters of a value that are read. */
const MAX_CHARACTERS = 4 * 2 ** 20;
const SHARE = 0.5;
const OTHERS = /[^\p{L}\p{N}]+/gu;
/** Characters that editors put into a text without being asked; editors of Markdown put backslashes. */
const ADDED = /[\s\u200b\u200c\u2060\ufeff\\]+/gu;
const ESCAPE = /\\(?:u([0-9a-f]{4})|[bfnrt"'\\/])/giu;
const BASE64 = /^[\w+/-]{24,}={0,2}$/u;

/** A text without blanks, and without what editors add to texts. @param {string} text */
export function settled(text) {
  return text.replace(ADDED, "");
}

export class OldText {
  #text;
  #letters;
  /** @type {Set<string> | null} */
  #runs = null;

  /** @param {string} text */
  constructor(text) {
    this.#text = settled(text);
    this.#letters = lettersOf(text);
  }

  get isEmpty() {
    return this.#text === "";
  }

  /** Whether the text has enough letters to be known among other words. */
  get isLong() {
    return this.#letters.length >= RUN;
  }

  /** Whether a field holds the text, also beside the text that replaced it. @param {string} value @param {string} put */
  isBeside(value, put) {
    if (this.isEmpty) return false;
    if (this.isLong) return this.isIn(value);
    const text = settled(value);
    return text.includes(this.#text) && text.replaceAll(settled(put), "\n").includes(this.#text);
  }

  /** Whether a value is made of the text, as it is or encoded. @param {string} value */
  isIn(value) {
    return !this.isEmpty && readingsOf(value).some((reading) => this.#isRead(reading));
  }

  /** Whether a value is made of the text or of its beginning, as a title and an excerpt are. @param {string} value */
  isBegunIn(value) {
    const isBegun = (/** @type {string} */ letters) => letters.length >= RUN && this.#letters.startsWith(letters);
    return this.isIn(value) || readingsOf(value).some((reading) => isBegun(lettersOf(reading)));
  }

  /** The values that are only pieces of the text, if they are together half of the text. @param {string[]} values */
  piecesAmong(values) {
    const letters = new Map([...new Set(values)].map((value) => [value, lettersOf(value)]));
    const pieces = values.filter((value) => (letters.get(value) ?? "").length >= RUN && this.#letters.includes(letters.get(value) ?? ""));
    const total = [...new Set(pieces)].reduce((sum, piece) => sum + (letters.get(piece) ?? "").length, 0);
    return total >= this.#letters.length * SHARE ? pieces : [];
  }

  /** @param {string} reading */
  #isRead(reading) {
    if (!this.isLong) return settled(reading) === this.#text || (this.#letters !== "" && lettersOf(reading) === this.#letters);
    const letters = lettersOf(reading);
    if (letters.length < RUN) return false;
    const runs = this.#runs ??= runsOf(this.#letters);
    /** @type {Set<string>} */
    const commonRuns = new Set();
    for (let at = 0; at + RUN <= letters.length && commonRuns.size < runs.size * SHARE; at += 1) {
      const run = letters.slice(at, at + RUN);
      if (runs.has(run)) commonRuns.add(run);
    }
    return commonRuns.size >= runs.size * SHARE;
  }
}

/** @param {string} letters */
function runsOf(letters) {
  const step = Math.ceil(letters.length / MAX_RUNS);
  /** @type {Set<string>} */
  const runs = new Set();
  for (let at = 0; at + RUN <= letters.length; at += step) runs.add(letters.slice(at, at + RUN));
  return runs;
}

/** @param {string} text */
function lettersOf(text) {
  return text.normalize("NFKC").toLowerCase().replace(OTHERS, "");
}

/** A value as it is, and as markup, JSON, a part of an address or base64 would be read. No script in the value runs. @param {string} value */
function readingsOf(value) {
  const read = value.slice(0, MAX_CHARACTERS);
  return [
    read,
    ...(/[<&]/u.test(read) ? [new DOMParser().parseFromString(read, "text/html").body.textContent ?? ""] : []),
    ...(read.includes("\\") ? [read.replace(ESCAPE, (_, code) => (code ? String.fromCharCode(parseInt(code, 16)) : " "))] : []),
    ...percentReadingsOf(read),
    ...(BASE64.test(read) ? decoded(() => textIn(read)) : []),
  ];
}

/** A value as a part of an address that was encoded once or twice would be read. @param {string} value @returns {string[]} */
function percentReadingsOf(value) {
  const once = value.includes("%") ? decoded(() => decodeURIComponent(value)) : [];
  return [...once, ...once.flatMap((reading) => (reading.includes("%") ? decoded(() => decodeURIComponent(reading)) : []))];
}

/** @param {string} base64 */
function textIn(base64) {
  const octets = Uint8Array.from(atob(base64.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
  return new TextDecoder("utf-8", { fatal: true }).decode(octets);
}

/** @param {() => string} decode */
function decoded(decode) {
  try {
    return [decode()];
  } catch {
    return [];
  }
}
