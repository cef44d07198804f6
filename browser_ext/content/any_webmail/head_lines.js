/**
 * Recognises the lines in which a webmail names the sender and the date of the mail that it shows: an address, a date, a
 * time of day, or the word "From". Dates are known in many languages by the browser's own names.
 */
import { attributeOf, matches } from "../dom_tree.js";

/** @typedef {{person: RegExp, date: RegExp}} Signs */

const LANGUAGES = ["en", "de", "fr", "es", "ar", "it", "nl", "pt", "pl", "ru", "cs", "sv", "tr", "ja", "zh"];
const UNITS = /** @type {const} */ (["second", "minute", "hour", "day", "week", "month", "year"]);
/** Several numbers, because languages have several plurals. */
const COUNTS = [1, 2, 3, 5, 11];
const MONTHS = Array.from({ length: 12 }, (_, month) => new Date(Date.UTC(2026, month, 15)));
const PERSON = String.raw`\S@\S|^[ \t\u00a0]*(?:from|sender|von|absender|de|expéditeur|remitente|من|المرسل|van|afzender|da|mittente|od|nadawca|от|från|fra|差出人|发件人)(?:[ \t\u00a0]*[:：])?[ \t\u00a0]*$`;
const TIME = String.raw`(?<![\p{Nd}:.])\p{Nd}{1,2}\s?[:h٫]\s?[\p{Nd}]{2}(?!\p{Nd})|(?<![\p{Nd}.])\p{Nd}{1,2}\.\p{Nd}{2}(?![\p{Nd}.])`;
// "5.2.23" is more often the number of a version, and "05.02.23" a date.
const NUMBERS = String.raw`\p{Nd}{1,2}\s?[/-]\s?\p{Nd}{1,2}\s?[/-]\s?\p{Nd}{2,4}|\p{Nd}{4}\s?[./-]\s?\p{Nd}{1,2}\s?[./-]\s?\p{Nd}{1,2}|\p{Nd}{1,2}\.\s?\p{Nd}{1,2}\.\s?\p{Nd}{4}|\p{Nd}{2}\.\p{Nd}{2}\.\p{Nd}{2}|[年月日년월일]`;
/** The elements that name a person or a date without a text of their own. */
const NAMING = 'time, [title*="@"], [aria-label*="@"], [href^="mailto:" i], [href*="?to="], [href*="&to="]';
const MAILTO = /^mailto:([^?]+)/iu;
const WRITING = /[?&]to=/u;
const BARE_ADDRESS = /^[\s(<]*([^\s@<>()]+@[^\s@<>()]+)[\s)>]*$/u;
/** The date of today, by which a webmail may show what day it is. */
const CLOCK = /^\s*(\p{Nd}{1,4})[./-](\p{Nd}{1,2})[./-](\p{Nd}{1,4})\.?\s*$/u;

/** @type {Signs | undefined} */
let signs;

/** Whether a text names a date or a time of day. @param {string} text */
export function namesDate(text) {
  return knownSigns().date.test(text) && !isToday(text);
}

/**
 * Whether a text names a person as the lines above a mail do: by the word "From", or by an address beside a name. A bare
 * address can be that of the account.
 * @param {string} text
 */
export function namesPerson(text) {
  return knownSigns().person.test(text) && bareAddress(text) === "";
}

/** The address that is the whole of a text; "" for another text. @param {string} text */
export function bareAddress(text) {
  return BARE_ADDRESS.exec(text)?.[1].toLowerCase() ?? "";
}

/**
 * The texts by which an element names a person or a date without a text of its own.
 * @param {Element} element @returns {string[]} with "" for a date, and for a link that begins a message
 */
export function namesOfElement(element) {
  if (!matches(element, NAMING)) return [];
  const named = ["title", "aria-label"].map((name) => attributeOf(element, name) ?? "").filter((text) => text.includes("@"));
  const [, address] = MAILTO.exec(attributeOf(element, "href") ?? "") ?? [];
  const isWriting = element.localName === "time" || WRITING.test(attributeOf(element, "href") ?? "");
  return [...named, ...(address ? [address] : []), ...(isWriting ? [""] : [])];
}

/** @returns {Signs} made at the first use, because it takes some milliseconds */
function knownSigns() {
  signs ??= { person: new RegExp(PERSON, "imu"), date: new RegExp([TIME, NUMBERS, ...monthDays(), ...relativeDates()].join("|"), "iu") };
  return signs;
}

/** The names of months beside a number, as in "20 Nov" and "Nov 20". */
function monthDays() {
  const names = LANGUAGES.flatMap((language) => /** @type {const} */ (["long", "short"]).flatMap((month) => {
    const format = new Intl.DateTimeFormat(language, { month, day: "numeric", timeZone: "UTC" });
    return MONTHS.flatMap((date) => format.formatToParts(date).filter(({ type }) => type === "month").map(({ value }) => value));
  }));
  const known = [...new Set(names.filter((name) => /\p{L}{2}/u.test(name)).map((name) => escapeText(name.replace(/\.$/u, ""))))].join("|");
  return [String.raw`(?:${known})\.?,?\s*\p{Nd}`, String.raw`\p{Nd}\.?\s*(?:(?:de\s|of\s|-)\s*)?(?:${known})(?!\p{L})`];
}

/** The words for today, yesterday, and a number of minutes or days ago. */
function relativeDates() {
  const texts = LANGUAGES.flatMap((language) => {
    const [near, far] = [new Intl.RelativeTimeFormat(language, { numeric: "auto" }), new Intl.RelativeTimeFormat(language)];
    const days = [0, -1, -2].map((day) => near.format(day, "day"));
    const ago = UNITS.flatMap((unit) => COUNTS.map((count) => far.format(-count, unit)));
    return [...days, ...ago].map((text) => text.split(/[\p{Nd}.,]+/u).map(escapeText).join(String.raw`\p{Nd}+`).replace(/\s+/gu, String.raw`\s+`));
  });
  return [String.raw`(?<![\p{L}\p{Nd}])(?:${[...new Set(texts)].filter(Boolean).join("|")})(?!\p{L})`];
}

/** @param {string} text @returns {string} a pattern that matches only this text */
function escapeText(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
}

/** @param {string} text */
function isToday(text) {
  const numbers = CLOCK.exec(text)?.slice(1).map(Number);
  const now = new Date();
  return numbers?.some((year) => year === now.getFullYear() || year === now.getFullYear() % 100)
    && numbers.includes(now.getDate()) && numbers.includes(now.getMonth() + 1);
}
