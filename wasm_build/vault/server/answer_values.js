/**
 * Values in answers of servers. Any member of an answer may have a wrong type or size.
 *
 * A value of another type, or out of its bounds, becomes an empty value. So a single wrong value does not affect the other
 * values of the answer.
 */

/** The largest number of a message or folder (RFC 9051 section 9: nz-number). */
const MAX_NUMBER = 2 ** 32 - 1;

/** The members of an object; an empty object for anything else. @param {unknown} value @returns {Record<string, unknown>} */
export function membersOf(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? /** @type {Record<string, unknown>} */ (value) : {};
}

/**
 * The entries of an array, up to a given number; an empty array for anything else.
 * @param {unknown} value @param {number} most @returns {unknown[]}
 */
export function entriesOf(value, most) {
  return Array.isArray(value) ? value.slice(0, most) : [];
}

/** A text, cut to a given length; "" for anything else. @param {unknown} value @param {number} most the number of UTF-16 code units */
export function textOf(value, most) {
  if (typeof value !== "string") return "";
  // Half of a surrogate pair is not a character, and a URL cannot contain it.
  return value.slice(0, most).replace(/\p{Cs}/gu, "\uFFFD");
}

/** An id, which is never cut. @param {unknown} value @param {number} most @returns {string} "" if `value` is no id */
export function idOf(value, most) {
  return typeof value === "string" && value.length <= most && textOf(value, most) === value ? value : "";
}

/** A whole number from 0; null for anything else. @param {unknown} value @param {number} [most] */
export function countOf(value, most = Number.MAX_SAFE_INTEGER) {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= most ? value : null;
}

/** The UID of a message, or a UIDVALIDITY; null for anything else. @param {unknown} value */
export function numberOf(value) {
  return countOf(value, MAX_NUMBER) || null;
}

/**
 * The value if it is one of some words; otherwise null.
 * @template {string} W
 * @param {unknown} value
 * @param {readonly W[]} words
 * @returns {W | null}
 */
export function wordOf(value, words) {
  return words.find((word) => word === value) ?? null;
}

/** The text of a date, unchanged, if JavaScript can parse it; null for anything else. @param {unknown} value */
export function dateOf(value) {
  const date = textOf(value, MAX_DATE_CHARACTERS);
  return date === value && !Number.isNaN(Date.parse(date)) ? date : null;
}

const MAX_DATE_CHARACTERS = 100;
