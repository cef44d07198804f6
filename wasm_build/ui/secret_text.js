/**
 * Secret text in one buffer and never in a string. The text can be edited, counted, written as UTF-8 and wiped.
 *
 * The text is in UTF-16 units, because browsers pass characters above U+FFFF in two events. Positions count code
 * points, because the field shows a bullet for each. The text is not normalised; the code that uses it must do that.
 */

import { SECRET_BUFFER_BYTES } from "../vault/memory/cleanup.js";

/** @typedef {{buffer: ArrayBuffer, length: number}} Secret UTF-8 bytes at the start of a 4,096-byte buffer */

/** A unit takes at most three bytes in UTF-8, so the UTF-8 of every text fits into a buffer. */
const MAX_UNITS = Math.floor(SECRET_BUFFER_BYTES / 3);
const REPLACEMENT = 0xfffd;
/** Code points that are drawn together with the previous one: marks, variation selectors, skin tones, joiners. */
const JOINS_BEFORE = /[\p{M}\p{Emoji_Modifier}\u200c\u200d]/u;
const ZERO_WIDTH_JOINER = 0x200d;

export class SecretText {
  #units = new Uint16Array(new ArrayBuffer(SECRET_BUFFER_BYTES));
  /** The number of UTF-16 units in use. */
  #length = 0;

  /** The number of code points, which is close to the number of characters that a person would count. */
  get count() {
    return countPoints(this.#units.subarray(0, this.#length));
  }

  /**
   * Replaces the code points from `start` to `end`.
   * @param {number} start
   * @param {number} end
   * @param {string} text
   * @returns {boolean} false if the text does not fit. In that case nothing changes, because a secret must not be cut
   * unnoticed
   */
  replace(start, end, text) {
    const from = this.#unitIndex(start);
    const to = this.#unitIndex(end);
    const length = this.#length - (to - from) + text.length;
    if (length > MAX_UNITS) return false;
    this.#units.copyWithin(from + text.length, to, this.#length);
    for (let index = 0; index < text.length; index += 1) this.#units[from + index] = text.charCodeAt(index);
    this.#length = length;
    this.#units.fill(0, length);
    return true;
  }

  wipe() {
    this.#units.fill(0);
    this.#length = 0;
  }

  /**
   * The text as UTF-8. A surrogate without its pair becomes U+FFFD, as in TextEncoder.
   * @returns {Secret}
   */
  encode() {
    const buffer = new ArrayBuffer(SECRET_BUFFER_BYTES);
    const target = new Uint8Array(buffer);
    let length = 0;
    for (const point of this.#points()) length = writeUtf8(point, target, length);
    return { buffer, length };
  }

  /**
   * Yields the groups of code points that are drawn together, each as a short string.
   * @returns {Generator<string, void>}
   */
  *clusters() {
    let cluster = "";
    let joins = false;
    for (const point of this.#points()) {
      const character = String.fromCodePoint(point);
      if (cluster && !joins && !JOINS_BEFORE.test(character)) {
        yield cluster;
        cluster = "";
      }
      cluster += character;
      joins = point === ZERO_WIDTH_JOINER;
    }
    if (cluster) yield cluster;
  }

  /** @returns {Generator<number, void>} */
  *#points() {
    for (let index = 0; index < this.#length; index += 1) {
      const unit = this.#units[index] ?? 0;
      const next = index + 1 < this.#length ? (this.#units[index + 1] ?? 0) : 0;
      if (isHighSurrogate(unit) && isLowSurrogate(next)) {
        yield 0x10000 + ((unit & 0x3ff) << 10) + (next & 0x3ff);
        index += 1;
      } else {
        yield isHighSurrogate(unit) || isLowSurrogate(unit) ? REPLACEMENT : unit;
      }
    }
  }

  /**
   * The index of the first unit of the code point at `position`.
   * @param {number} position
   */
  #unitIndex(position) {
    let index = 0;
    for (let seen = 0; index < this.#length; index += 1) {
      if (isLowSurrogate(this.#units[index] ?? 0)) continue;
      if (seen === position) break;
      seen += 1;
    }
    return index;
  }
}

/** @param {number} unit */
function isHighSurrogate(unit) {
  return (unit & 0xfc00) === 0xd800;
}

/** @param {number} unit */
function isLowSurrogate(unit) {
  return (unit & 0xfc00) === 0xdc00;
}

/** @param {Uint16Array} units */
function countPoints(units) {
  return units.reduce((count, unit) => count + Number(!isLowSurrogate(unit)), 0);
}

/**
 * Writes one code point as UTF-8. TextEncoder is not used, because it takes only strings.
 * @param {number} point
 * @param {Uint8Array} target
 * @param {number} at
 * @returns {number} the position after the written bytes
 */
function writeUtf8(point, target, at) {
  const continuations = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  const lead = [0, 0xc0, 0xe0, 0xf0][continuations] ?? 0;
  let next = at;
  target[next++] = lead | (point >> (6 * continuations));
  for (let shift = 6 * (continuations - 1); shift >= 0; shift -= 6) target[next++] = 0x80 | ((point >> shift) & 0x3f);
  return next;
}
