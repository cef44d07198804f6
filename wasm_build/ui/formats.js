/**
 * Dates, sizes, addresses and folder names in the form for people. Only the core parses addresses
 * (`smime_core/mime/addresses.py`). `isAddress` recognises plain addresses, and mailboxes come parsed.
 */

import { cleanAddress, cleanName, looksLikeAddress, nameBeside, visibleName } from "./shown_names.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {{name: string, address: string}} Mailbox */
/** @typedef {{name: string, place?: string, prefix?: string}} NamedFolder */

// A part of RFC 5321 section 4.1.2, the same as in the bridge: an unquoted local part and a domain of labels.
const ADDRESS = /^[^\s"(),:;<>@[\\\]]+@[^\s"(),:;<>@[\\\].]+(\.[^\s"(),:;<>@[\\\].]+)*$/u;
const DAY_MILLISECONDS = 86_400_000;
/** The locales with the digits of the texts, each made once: every date of a list asks for one. @type {Map<string, string>} */
const WITH_DIGITS = new Map();

/**
 * A value to insert into a sentence. It keeps its own direction of writing and does not change the direction of the
 * sentence (UAX 9, FSI and PDI).
 * @param {string} text
 */
export function isolate(text) {
  return `\u2068${text.replace(/[\u202a-\u202e\u2066-\u2069]/gu, "")}\u2069`;
}

/**
 * A technical text that is English in every language, such as the name of an algorithm. It runs from left to right (UAX 9,
 * LRI and PDI), and `sentenceNodes` marks it as English.
 * @param {string} text
 */
export function technical(text) {
  return `\u2066${text.replace(/[\u202a-\u202e\u2066-\u2069]/gu, "")}\u2069`;
}

/** Whether a text is an address in its plain form, without invisible characters, and nothing else. @param {string} text */
export function isAddress(text) {
  return text.length <= 254 && ADDRESS.test(text) && cleanAddress(text) === text;
}

/**
 * The form in which addresses are compared. As in the core, only ASCII letters become lower case. `toLowerCase` would
 * also turn the Kelvin sign into a k, and so give another person's address.
 * @param {string} address
 */
export function addressKey(address) {
  return address.replace(/[A-Z]/gu, (letter) => letter.toLowerCase());
}

/**
 * @param {string} one
 * @param {string} other
 */
export function sameAddress(one, other) {
  return addressKey(one) === addressKey(other);
}

/**
 * The certificates of a file that are for an address. If there are none, all certificates of people, so that their refusal tells
 * the reason; else all certificates.
 * @template {{addresses: string[], isCa: boolean}} C
 * @param {string} address
 * @param {C[]} certificates
 */
export function certificatesFor(address, certificates) {
  const people = certificates.filter(({ isCa }) => !isCa);
  const theirs = people.filter(({ addresses }) => addresses.some((certifiedAddress) => sameAddress(certifiedAddress, address)));
  return [theirs, people, certificates].find((some) => some.length > 0) ?? [];
}

/**
 * An address with a name that nothing proves: it is from a header field, or from a certificate whose authority may not
 * have checked it. A name that looks like an address is left out, because people could take it for the address.
 * @param {Mailbox} mailbox `address` is empty if only the certificate is known
 */
export function writeMailbox({ name, address }) {
  if (!address) return cleanName(name);
  const shown = nameBeside(name);
  return shown ? `${shown} <${cleanAddress(address)}>` : cleanAddress(address);
}

/**
 * A mailbox with its display name for a header field (RFC 5322 section 3.4). A name that looks like an address is left
 * out, because the recipients' programs would warn about it.
 * @param {Mailbox} mailbox
 */
export function quoteMailbox({ name, address }) {
  const clean = visibleName(name);
  if (!clean || looksLikeAddress(clean)) return address;
  return `"${clean.replace(/["\\]/gu, "\\$&")}" <${address}>`;
}

/**
 * A function that returns the value of a header field by its name in lower case; "" if the field is absent.
 * @param {[string, string][]} headers
 */
export function headerReader(headers) {
  return (/** @type {string} */ name) => headers.find(([field]) => field.toLowerCase() === name)?.[1] ?? "";
}

/**
 * A date in a list: dates of today show the time, other dates the day.
 * @param {string | null} iso
 * @param {Date} now
 */
export function shortDate(iso, now = new Date()) {
  const date = readDate(iso);
  if (!date) return "";
  if (date.toDateString() === now.toDateString()) return format(date, { timeStyle: "short" });
  const thisYear = Math.abs(now.getTime() - date.getTime()) < 300 * DAY_MILLISECONDS;
  return format(date, thisYear ? { day: "numeric", month: "short" } : { dateStyle: "medium" });
}

/** A date with its year. @param {string | null} iso */
export function mediumDate(iso) {
  return write(iso, { dateStyle: "medium" });
}

/**
 * A date and time with its zone.
 * @param {string | null} iso
 */
export function longDate(iso) {
  return write(iso, {
    weekday: "short", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit",
    timeZoneName: "short",
  });
}

/** A date and time without its zone. @param {string} iso */
export function shortMoment(iso) {
  return write(iso, { dateStyle: "medium", timeStyle: "short" });
}

/** A date and time to the second, with the weekday and the zone. @param {string} iso */
export function fullMoment(iso) {
  return write(iso, { dateStyle: "full", timeStyle: "long" });
}

/** @param {string | null} iso */
export function dayOnly(iso) {
  return write(iso, { dateStyle: "long" });
}

/**
 * The heading of a day in a list: the weekday, or the date.
 * @param {Date} date
 * @param {{isRecent: boolean, isThisYear: boolean}} options a recent day has only its weekday, and a day of this year has no year
 */
export function dayHeading(date, { isRecent, isThisYear }) {
  if (isRecent) return format(date, { weekday: "long" });
  return format(date, { weekday: "long", day: "numeric", month: "long", ...(isThisYear ? {} : { year: "numeric" }) });
}

/** A time to the second and in UTC, as in a certificate. @param {string} iso */
export function exactMoment(iso) {
  return write(iso, { dateStyle: "long", timeStyle: "long", timeZone: "UTC" });
}

/** @param {number} bytes */
export function size(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = bytes < 1000 ? 0 : bytes < 1_000_000 ? 1 : bytes < 1_000_000_000 ? 2 : 3;
  const unitDisplay = step === 0 ? "long" : "short";
  const maximumFractionDigits = step >= 2 ? 1 : 0;
  const unit = units[step];
  const formatter = new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay, maximumFractionDigits });
  return formatter.format(bytes / 1000 ** step);
}

/** @param {number} count */
export function number(count) {
  return new Intl.NumberFormat(locale()).format(count);
}

/** An exact size in bytes. @param {number} bytes */
export function exactSize(bytes) {
  return new Intl.NumberFormat(locale(), { style: "unit", unit: "byte", unitDisplay: "long" }).format(bytes);
}

/** @param {number} count @param {"second" | "minute" | "hour"} unit */
export function duration(count, unit) {
  return new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "long" }).format(count);
}

/** A number of days from now in words, such as "in 10 days". @param {number} days */
export function inDays(days) {
  return new Intl.RelativeTimeFormat(locale()).format(days, "day");
}

/**
 * A list of addresses in words: "a, b and you".
 * @param {string[]} parts
 * @param {Catalogue} translate
 */
export function listOf(parts, translate) {
  return new Intl.ListFormat(translate.locale, { style: "long", type: "conjunction" }).format(parts);
}

/**
 * The title of a folder: the catalogue's word for its role, such as Inbox, or else its name. A folder that the person has
 * chosen for a role keeps its name, because they know it by this name.
 * @param {NamedFolder & {role: string | null, use?: string | null}} folder
 * @param {Catalogue} translate
 */
export function folderTitle(folder, translate) {
  const { name, role, use = null } = folder;
  if (use !== null) return folderName(folder);
  const key = `folder_${name.toUpperCase() === "INBOX" ? "inbox" : role ?? ""}`;
  return translate.has(key) ? translate(key) : folderName(folder);
}

/**
 * The name of a folder as the person wrote it, without the prefix that some servers put before all folders of a person.
 * @param {NamedFolder} folder
 */
export function folderName({ name, place = "own", prefix = "" }) {
  return place === "own" ? name.slice(prefix.length) : name;
}

/** A date in the locale of the page, or "" without a valid date. @param {string | null} iso @param {Intl.DateTimeFormatOptions} options */
function write(iso, options) {
  const date = readDate(iso);
  return date ? format(date, options) : "";
}

/** @param {string | null} iso */
function readDate(iso) {
  if (!iso) return null;
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? null : date;
}

/**
 * @param {Date} date
 * @param {Intl.DateTimeFormatOptions} options
 */
function format(date, options) {
  return new Intl.DateTimeFormat(locale(), options).format(date);
}

/**
 * The first of the browser's locales that has this language, such as de-AT for German; else the language itself. The locale
 * writes numbers with the digits of the texts.
 * @param {string} language
 */
export function localeOf(language) {
  return withDigitsOfTexts(navigator.languages.find((own) => own.split("-")[0] === language.split("-")[0]) ?? language);
}

/**
 * The locale with the digits 0 to 9, which the texts and all addresses have in every language. Otherwise a view in the Arabic of
 * Egypt would have two kinds of digits.
 * @param {string} locale BCP 47
 */
export function withDigitsOfTexts(locale) {
  const withDigits = WITH_DIGITS.get(locale) ?? chooseDigits(locale);
  WITH_DIGITS.set(locale, withDigits);
  return withDigits;
}

/** @param {string} locale */
function chooseDigits(locale) {
  const { numberingSystem } = new Intl.NumberFormat(locale).resolvedOptions();
  return numberingSystem === "latn" ? locale : new Intl.Locale(locale, { numberingSystem: "latn" }).toString();
}

/** The locale of dates and numbers: the browser's in the language of the page. */
function locale() {
  const page = document.documentElement.lang;
  return page ? localeOf(page) : withDigitsOfTexts(navigator.language);
}
