/**
 * The text that the person wants below each message, such as a name and a telephone number. It proves nothing.
 *
 * The address book keeps it (`address_book.js`), so that it is encrypted in the browser and follows the person to other devices.
 */

export const MAX_CHARACTERS = 2_000;
/** The line between a message and its signature, with the blank at its end (RFC 3676 section 4.3). */
const DELIMITER = "-- ";

/**
 * A proposal for the writing view, with the signature below the text, or above a quotation. A quotation begins with line
 * breaks, so that the answer has room above it. A draft or a letter from the outbox has the signature already, or the
 * person has deleted it.
 * @template {{text: string, draft?: unknown, outboxId?: string}} P
 * @param {P} proposal @param {string} signature @returns {P}
 */
export function withSignature(proposal, signature) {
  const { text, draft, outboxId } = proposal;
  if (!signature || draft || outboxId) return proposal;
  const below = `\n\n${DELIMITER}\n${signature}`;
  const isQuotation = text === "" || text.startsWith("\n");
  return { ...proposal, text: isQuotation ? `${below}${text}` : `${text.trimEnd()}${below}` };
}

/**
 * The place where the person continues to write: the end of the words above the signature, or of all words. A forwarded
 * message may contain other people's signatures.
 * @param {string} text @param {string} signature
 */
export function endOfWords(text, signature) {
  const at = signature ? text.indexOf(`\n${DELIMITER}\n${signature}`) : -1;
  return at < 0 ? text.length : text.slice(0, at).trimEnd().length;
}

/** A typed text as it is kept: without control characters, and without blanks and empty lines at its end. @param {string} text */
export function cleanSignature(text) {
  return text.replace(/\r\n?/gu, "\n").replace(/(?![\t\n])\p{Cc}/gu, "").trimEnd().slice(0, MAX_CHARACTERS);
}

/** @param {string} kept as JSON @returns {string | null} null if this program cannot read it */
export function readSignature(kept) {
  try {
    const text = JSON.parse(kept);
    return typeof text === "string" && text.length <= MAX_CHARACTERS && cleanSignature(text) === text ? text : null;
  } catch {
    return null;
  }
}
