/**
 * The outer header of a message's source, and whether it belongs to the mail that a page shows. The page shows From,
 * Subject and Date in some form. Each field that the page shows must agree with the header.
 */
import { headerField } from "../../../wasm_build/ui/mail_header.js";
import { bodyOf, contains, findBelow, matches, parentOf, visibleTextOf } from "../dom_tree.js";

/**
 * The header fields that a page shows. `date` is null if the field Date cannot be read.
 * @typedef {{from: string, to: string, subject: string, date: Date | null}} Header
 */

const PROTECTED = /^(?:application\/(?:x-)?pkcs7-mime\b|multipart\/signed\b.*\bpkcs7-signature\b)/isu;
/** Programs that do not know S/MIME label the part with a general type and the usual file name. */
const NAMED = /^application\/octet-stream\b.*smime\.p7m/isu;
/** The types of a message that can contain an S/MIME part. An example is a message to which a mailing list has added a footer. */
const WITH_PARTS = /^(?:multipart\/|message\/rfc822\b)/iu;
/** An S/MIME part, recognised by its type or its usual name. */
const PART = /pkcs7-(?:mime|signature)|smime\.p7[ms]/iu;
/** The size of the pieces in which a message is searched, and their overlap, since a name can lie across two pieces. */
const PIECE_BYTES = 2 ** 20;
const OVERLAP_BYTES = 20;
const ENCODED_WORD = /=\?([\w-]+)(?:\*[\w-]+)?\?([bq])\?([^?\s]*)\?=/giu;
/** Only the beginning of a subject is compared, because pages often cut long subjects. */
const MAX_COMPARED = 40;
const MIN_NAME = 2;
/** Rows of lists. A row can name another mail than the mail that is shown. */
const ROWS = "tr, li, a, [role=row], [role=option], [role=listitem], [onclick], [tabindex]";
const MAX_ROWS = 2000;
const TIME = /(?<![\d:.])([01]?\d|2[0-3])[:.h]([0-5]\d)(?!\d)/gu;
/** Time zones differ by multiples of this number of minutes. */
const ZONE_STEP = 15;

/** Whether a message is S/MIME or may contain an S/MIME part. The core checks this exactly. @param {ArrayBuffer} message */
export function isProtected(message) {
  const type = headerField(message, "Content-Type");
  return PROTECTED.test(type) || NAMED.test(type) || (WITH_PARTS.test(type) && namesPart(message));
}

/** @param {ArrayBuffer} message */
function namesPart(message) {
  const decoder = new TextDecoder("latin1");
  for (let start = 0; start < message.byteLength; start += PIECE_BYTES) {
    const piece = new Uint8Array(message, start, Math.min(PIECE_BYTES + OVERLAP_BYTES, message.byteLength - start));
    if (PART.test(decoder.decode(piece))) return true;
  }
  return false;
}

/** @param {ArrayBuffer} message @returns {Header} */
export function readHeader(message) {
  const field = (/** @type {string} */ name) => decodeWords(headerField(message, name, "utf-8"));
  const time = Date.parse(headerField(message, "Date").split("(", 1)[0]);
  return { from: field("From"), to: field("To"), subject: field("Subject"), date: Number.isNaN(time) ? null : new Date(time) };
}

/** Decodes the encoded words of a field (RFC 2047). @param {string} text */
function decodeWords(text) {
  const joined = text.replace(/(\?=)\s+(?==\?)/gu, "$1");
  return joined.replace(ENCODED_WORD, (all, charset, encoding, content) => {
    try {
      const characters = encoding.toLowerCase() === "b" ? atob(content) : decodeQ(content);
      return new TextDecoder(charset).decode(Uint8Array.from(characters, (character) => character.charCodeAt(0)));
    } catch {
      return all;
    }
  });
}

/** @param {string} content */
function decodeQ(content) {
  return content.replaceAll("_", " ").replace(/=([\da-f]{2})/giu, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/**
 * Whether a page shows this header. The smallest element that is around `element` and shows the subject and a person is
 * compared. If there is none, the other documents of the page are compared.
 * @param {Header} header @param {Element} element @param {Document[]} documents the element's own document first
 */
export function isShownAround(header, element, documents) {
  for (let outer = parentOf(element); outer; outer = parentOf(outer)) {
    const text = outer instanceof HTMLElement ? textAround(outer, element, header) : "";
    if (showsMail(text, header)) return fitsTimes(text, header.date);
  }
  return documents.slice(1).some((page) => {
    const body = bodyOf(page);
    const text = body ? textAround(body, element, header) : "";
    return showsMail(text, header) && fitsTimes(text, header.date);
  });
}

/**
 * The visible text of an element, without the rows of lists that show the header in one line. Such a row can belong to
 * another mail than the mail that is shown.
 * @param {HTMLElement} outer @param {Element} element @param {Header} header
 */
function textAround(outer, element, header) {
  const text = visibleTextOf(outer);
  if (!showsMail(text, header)) return "";
  const rows = /** @type {HTMLElement[]} */ ([...findBelow(outer, ROWS)]);
  if (rows.length > MAX_ROWS) return "";
  const entries = rows.filter((row) => !contains(row, element) && !matches(row, ":only-of-type") && showsMail(visibleTextOf(row), header));
  return without(text, entries.map((row) => visibleTextOf(row)));
}

/**
 * A text without the given pieces, which are in the order of the text. A piece inside an earlier piece has been removed
 * with it.
 * @param {string} text @param {string[]} pieces
 */
function without(text, pieces) {
  let [left, end] = ["", 0];
  for (const piece of pieces) {
    const start = text.indexOf(piece, end);
    if (start < 0) continue;
    left += text.slice(end, start);
    end = start + piece.length;
  }
  return left + text.slice(end);
}

/** @param {string} text @param {Header} header */
function showsMail(text, { from, to, subject, date }) {
  const shown = settle(text);
  const title = settle(subject).slice(0, MAX_COMPARED);
  // A mail without a subject is recognised by its time.
  const isKnown = title ? shown.includes(title) : timesIn(text).some((minute) => isTimeOf(date, minute));
  return isKnown && [...namesOf(from), ...namesOf(to)].some((name) => shown.includes(name));
}

/** The words with which a page can show the first person of a field: an address, and the name before it. @param {string} field */
function namesOf(field) {
  const [first = ""] = field.split(",");
  const address = settle(first.split(/[\s<>"()]+/u).findLast((word) => word.includes("@")) ?? "");
  const name = settle(field.split("<", 1)[0].replaceAll('"', ""));
  return [address, name].filter((text) => text.length >= MIN_NAME);
}

/** Whether a text has a time that fits this date, or no time. @param {string} text @param {Date | null} date */
function fitsTimes(text, date) {
  const minutes = timesIn(text);
  return !date || minutes.length === 0 || minutes.some((minute) => isTimeOf(date, minute));
}

/** The minute of each time of day in a text. @param {string} text */
function timesIn(text) {
  return [...text.matchAll(TIME)].map(([, , minute]) => Number(minute));
}

/** Whether a clock in any time zone can show this minute at this date. @param {Date | null} date @param {number} minute */
function isTimeOf(date, minute) {
  return date !== null && (minute - date.getUTCMinutes()) % ZONE_STEP === 0;
}

/** A text in the form for comparisons: in lower case, without spaces and invisible characters. @param {string} text */
function settle(text) {
  return text.normalize("NFKC").toLowerCase().replace(/[\s\p{Cf}]+/gu, "");
}
