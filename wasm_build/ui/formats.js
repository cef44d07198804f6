/** How dates, sizes, addresses and folder names are written for the person, and how addresses are read. */

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {{name: string, address: string}} Mailbox */

// RFC 5321 section 4.1.2, as narrow as the bridge's own door: an unquoted local part and a domain of labels.
const ADDRESS = /^[^\s"(),:;<>@[\\\]]+@[^\s"(),:;<>@[\\\].]+(\.[^\s"(),:;<>@[\\\].]+)*$/u;
const DAY_MILLISECONDS = 86_400_000;

/**
 * A value for the inside of a sentence: it keeps its own direction and turns nothing around it (UAX 9, FSI and PDI).
 * @param {string} text
 */
export function isolate(text) {
  return `\u2068${text.replace(/[\u202a-\u202e\u2066-\u2069]/gu, "")}\u2069`;
}

/**
 * What is technical and English in every language: a name of an algorithm, what the core says to experts. It runs from
 * left to right (UAX 9, LRI and PDI), and `sentenceNodes` tells the browser that it is English.
 * @param {string} text
 */
export function technical(text) {
  return `\u2066${text.replace(/[\u202a-\u202e\u2066-\u2069]/gu, "")}\u2069`;
}

/** @param {string} text */
export function isAddress(text) {
  return text.length <= 254 && ADDRESS.test(text);
}

/**
 * The form in which addresses are equal that reach the same person, as the core compares them: only ASCII letters lose
 * their case. The Kelvin sign becomes a k in `toLowerCase`, and would be somebody else's address.
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
 * The first mailbox of a From field: `Name <a@x>`, `"Name, N." <a@x>` or `a@x`.
 * @param {string} field
 * @returns {Mailbox}
 */
export function readMailbox(field) {
  const match = /<([^<>]*)>/u.exec(field);
  if (!match) return { name: "", address: field.trim() };
  const name = field.slice(0, match.index).trim().replace(/^"(.*)"$/su, "$1").replace(/\\(.)/gu, "$1");
  return { name, address: (match[1] ?? "").trim() };
}

/**
 * Every mailbox of a To, Cc or Reply-To field; commas inside quotes separate nothing (RFC 5322 section 3.4).
 * @param {string} field
 * @returns {Mailbox[]}
 */
export function readMailboxes(field) {
  return splitOutsideQuotes(field).filter((part) => part.trim()).map(readMailbox);
}

/**
 * The pieces between commas that stand in no quotes and no angle brackets. One pass: a mark that nothing closes is a
 * character like any other, and is looked for once.
 * @param {string} field
 */
function splitOutsideQuotes(field) {
  const parts = [];
  const lastAngle = field.lastIndexOf(">");
  let [start, quotesClose] = [0, true];
  for (let at = 0; at < field.length; at += 1) {
    if (field[at] === ",") {
      parts.push(field.slice(start, at));
      start = at + 1;
    } else if (field[at] === "<" && at < lastAngle) {
      at = field.indexOf(">", at);
    } else if (field[at] === '"' && quotesClose) {
      const end = endOfQuotes(field, at);
      quotesClose = end >= 0;
      if (quotesClose) at = end;
    }
  }
  return [...parts, field.slice(start)];
}

/** @param {string} field @param {number} start @returns {number} where the quotes close, -1 when they do not */
function endOfQuotes(field, start) {
  for (let at = start + 1; at < field.length; at += 1) {
    if (field[at] === "\\") at += 1;
    else if (field[at] === '"') return at;
  }
  return -1;
}

/** @param {Mailbox} mailbox */
export function writeMailbox({ name, address }) {
  return name && name !== address ? `${name} <${address}>` : address;
}

/** Marks that turn the direction of writing: in a name they would turn the address beside it. */
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** The sign of an address, and what looks like it. */
const AT_SIGN = /[@\uff20\ufe6b]/u;
/** A longer name would push the address beside it out of sight. */
const MAX_NAME_CHARACTERS = 100;

/**
 * A proved address with the name in its certificate, which an authority may have taken over as it was written. A name that
 * reads like an address is left out: beside a verdict it would pass for the proved one.
 * @param {Mailbox} proved `address` is empty where only the certificate is known
 */
export function writeProved({ name, address }) {
  const clean = name.replace(DIRECTIONS, "").replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  const shown = clean.length > MAX_NAME_CHARACTERS ? `${clean.slice(0, MAX_NAME_CHARACTERS)}…` : clean;
  if (!address) return shown;
  return !shown || AT_SIGN.test(shown) ? address : `${shown} <${address}>`;
}

/**
 * A mailbox with its display name for a header field (RFC 5322 section 3.4). A name that reads like an address is left out:
 * recipients' programs would warn about it.
 * @param {Mailbox} mailbox
 */
export function quoteMailbox({ name, address }) {
  const clean = name.replace(DIRECTIONS, "").replace(/\p{Cc}/gu, " ").trim();
  if (!clean || clean.includes("@")) return address;
  return `"${clean.replace(/["\\]/gu, "\\$&")}" <${address}>`;
}

/**
 * Reads header fields by their name in small letters; an absent one is empty.
 * @param {[string, string][]} headers
 */
export function headerReader(headers) {
  return (/** @type {string} */ name) => headers.find(([field]) => field.toLowerCase() === name)?.[1] ?? "";
}

/**
 * A date in a list: the time when it is today, the day when it is not.
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

/**
 * A date where the time zone matters.
 * @param {string | null} iso
 */
export function longDate(iso) {
  const date = readDate(iso);
  if (!date) return "";
  return format(date, {
    weekday: "short", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit",
    timeZoneName: "short",
  });
}

/** @param {string | null} iso */
export function dayOnly(iso) {
  const date = readDate(iso);
  return date ? format(date, { dateStyle: "long" }) : "";
}

/** A moment as a certificate has it, to the second and in UTC. @param {string} iso */
export function exactMoment(iso) {
  const date = readDate(iso);
  return date ? format(date, { dateStyle: "long", timeStyle: "long", timeZone: "UTC" }) : "";
}

/** @param {number} bytes */
export function size(bytes) {
  const units = ["byte", "kilobyte", "megabyte"];
  const step = bytes < 1000 ? 0 : bytes < 1_000_000 ? 1 : 2;
  const unitDisplay = step === 0 ? "long" : "short";
  const maximumFractionDigits = step === 2 ? 1 : 0;
  const unit = units[step];
  const formatter = new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay, maximumFractionDigits });
  return formatter.format(bytes / 1000 ** step);
}

/** A size to the byte, where the number itself matters. @param {number} bytes */
export function exactSize(bytes) {
  return new Intl.NumberFormat(locale(), { style: "unit", unit: "byte", unitDisplay: "long" }).format(bytes);
}

/** @param {number} count @param {"minute" | "hour"} unit */
export function duration(count, unit) {
  return new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "long" }).format(count);
}

/** How far off a day is, "in 10 days". @param {number} days */
export function inDays(days) {
  return new Intl.RelativeTimeFormat(locale()).format(days, "day");
}

/**
 * The list of addresses as people read it: "a, b and you".
 * @param {string[]} parts
 * @param {Catalogue} translate
 */
export function listOf(parts, translate) {
  return new Intl.ListFormat(translate.locale, { style: "long", type: "conjunction" }).format(parts);
}

/**
 * The person's word for a folder that has a role, else its name.
 * @param {{name: string, role: string | null}} folder
 * @param {Catalogue} translate
 */
export function folderTitle({ name, role }, translate) {
  const key = `folder_${name.toUpperCase() === "INBOX" ? "inbox" : role ?? ""}`;
  return translate.has(key) ? translate(key) : name;
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

/** That of the person where the page is in the same language, else that of the page. */
function locale() {
  const [own, page] = [navigator.language, document.documentElement.lang];
  return !page || own.split("-")[0] === page.split("-")[0] ? own : page;
}
