/**
 * Recognises the lines in which a webmail names the sender and the date of the mail that it shows: an address, a date, a
 * time of day, or the word "From".
 */
import { attributeOf, matches } from "../dom_tree.js";
import { datePatterns } from "./date_words.js";

/** @typedef {{person: RegExp, date: RegExp, day: RegExp}} Signs */

const PERSON = String.raw`\S@\S|^[ \t\u00a0]*(?:from|sender|by|von|absender|de|expéditeur|remitente|من|المرسل|van|afzender|da|mittente|od|nadawca|от|отправитель|från|avsändare|fra|avsender|afsender|lähettäjä|kimden|gönderen|expeditor|feladó|odosielateľ|odesílatel|από|מאת|差出人|送信者|发件人|寄件者|보낸 ?사람)[ \t\u00a0]*(?:[:：].*)?$`;
const TIME = String.raw`(?<![\p{Nd}:.])\p{Nd}{1,2}\s?[:h٫]\s?[\p{Nd}]{2}(?!\p{Nd})|(?<![\p{Nd}.])\p{Nd}{1,2}\.\p{Nd}{2}(?![\p{Nd}.])`;
// "05.02.23" counts as a date. "5.2.23" does not, because it is more often the number of a version.
const NUMBERS = String.raw`\p{Nd}{1,2}\s?[/-]\s?\p{Nd}{1,2}\s?[/-]\s?\p{Nd}{2,4}|\p{Nd}{4}\s?[./-]\s?\p{Nd}{1,2}\s?[./-]\s?\p{Nd}{1,2}|\p{Nd}{1,2}\.\s?\p{Nd}{1,2}\.\s?\p{Nd}{4}|\p{Nd}{2}\.\p{Nd}{2}\.\p{Nd}{2}|[年月日년월일]`;
/** A day and a month without a year. It counts only if it is the whole text: "20.11.", "20/11". */
const SHORT = String.raw`\p{Nd}{1,2}\.\s?\p{Nd}{1,2}\.|\p{Nd}{2}/\p{Nd}{2}`;
/** The elements that can name a person or a date in an attribute instead of a text. */
const NAMING = 'time, [title*="@"], [aria-label*="@"], [href^="mailto:" i], [href*="?to="], [href*="&to="]';
const MAILTO = /^mailto:([^?]+)/iu;
const WRITING = /[?&]to=/u;
const BARE_ADDRESS = /^[\s(<]*([^\s@<>()]+@[^\s@<>()]+)[\s)>]*$/u;
/** The date of today, which a webmail may show apart from any mail. */
const CLOCK = /^\s*(\p{Nd}{1,4})[./-](\p{Nd}{1,2})[./-](\p{Nd}{1,4})\.?\s*$/u;
const VERSION = /^\s*v?\p{Nd}{1,2}\.\p{Nd}{1,3}\.\p{Nd}{1,3}\s*$/iu;

/** @type {Signs | undefined} */
let signs;

/** Whether a text names a date or a time of day. @param {string} text */
export function namesDate(text) {
  return (knownSigns().date.test(text) && !isToday(text)) || namesDay(text);
}

/** Whether a text is a day or a span of time without a year: "Thursday". A subject can be the same. @param {string} text */
export function namesDay(text) {
  return knownSigns().day.test(text);
}

/** Whether a text is the date of today, which a webmail may show apart from any mail, or the number of a version. @param {string} text */
export function isClockOrVersion(text) {
  return Boolean(isToday(text)) || VERSION.test(text);
}

/**
 * Whether a text names a person as the lines above a mail do: with the word "From", or with an address beside a name. A
 * bare address can be the account's address.
 * @param {string} text
 */
export function namesPerson(text) {
  return knownSigns().person.test(text) && bareAddress(text) === "";
}

/** The address, if a text consists only of an address; "" for another text. @param {string} text */
export function bareAddress(text) {
  return BARE_ADDRESS.exec(text)?.[1].toLowerCase() ?? "";
}

/**
 * The texts with which the attributes of an element name a person or a date.
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
  if (signs) return signs;
  const { parts, wholes } = datePatterns();
  const whole = String.raw`^\s*(?:${[SHORT, ...wholes].join("|")})\s*$`;
  signs = { person: new RegExp(PERSON, "imu"), date: new RegExp([TIME, NUMBERS, ...parts].join("|"), "iu"), day: new RegExp(whole, "iu") };
  return signs;
}

/** @param {string} text */
function isToday(text) {
  const numbers = CLOCK.exec(text)?.slice(1).map(Number);
  const now = new Date();
  return numbers?.some((year) => year === now.getFullYear() || year === now.getFullYear() % 100)
    && numbers.includes(now.getDate()) && numbers.includes(now.getMonth() + 1);
}
