/**
 * A text that the person has had encrypted, with tests whether a value of the page still contains it: in clear, in
 * another form, or in part. Only letters and digits are compared, because editors change everything else. A value
 * contains a long text if it has half of the text's runs (12 letters or digits), in any order. It contains a short text
 * only if it is equal to it.
 */
const RUN = 12;
/** The largest number of runs that are looked for. For longer texts only some of the runs are used. */
const MAX_RUNS = 20_000;
/** The largest number of characters that are read from a value. */
const MAX_CHARACTERS = 4 * 2 ** 20;
const SHARE = 0.5;
const OTHERS = /[^\p{L}\p{N}]+/gu;
/** Characters that editors add to a text by themselves. Editors of Markdown add backslashes. */
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

  /** Whether the text has enough letters to be recognised among other text. */
  get isLong() {
    return this.#letters.length >= RUN;
  }

  /** Whether a field contains the text, alone or beside the text that replaced it. @param {string} value @param {string} put */
  isBeside(value, put) {
    if (this.isEmpty) return false;
    if (this.isLong) return this.isIn(value);
    const text = settled(value);
    return text.includes(this.#text) && text.replaceAll(settled(put), "\n").includes(this.#text);
  }

  /** Whether a value contains the text, unchanged or encoded. @param {string} value */
  isIn(value) {
    return !this.isEmpty && readingsOf(value).some((reading) => this.#isRead(reading));
  }

  /** Whether a value contains the text or is its beginning, as a title or an excerpt may be. @param {string} value */
  isBegunIn(value) {
    const isBegun = (/** @type {string} */ letters) => letters.length >= RUN && this.#letters.startsWith(letters);
    return this.isIn(value) || readingsOf(value).some((reading) => isBegun(lettersOf(reading)));
  }

  /** The values that are pieces of the text, if together they make up half of the text. @param {string[]} values */
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

/**
 * A value, and its decoding as markup, JSON, a part of an address or base64. No script in the value runs.
 * @param {string} value
 */
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

/** A value decoded once and twice as a part of an address. @param {string} value @returns {string[]} */
function percentReadingsOf(value) {
  const once = value.includes("%") ? decoded(() => decodeURIComponent(value)) : [];
  return [...once, ...once.flatMap((reading) => (reading.includes("%") ? decoded(() => decodeURIComponent(reading)) : []))];
}

/** @param {string} base64 */
function textIn(base64) {
  const bytes = Uint8Array.from(atob(base64.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

/** @param {() => string} decode */
function decoded(decode) {
  try {
    return [decode()];
  } catch {
    return [];
  }
}
