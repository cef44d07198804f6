/**
 * The message that holds a sealed draft in the drafts folder of its writer's mailbox. The extension and the pages write
 * and read the same bytes, so that each can continue the drafts of the other.
 *
 * The message begins with a note for people who see it in another mail program. The file after the note has the length of
 * the sealed letter in four bytes, the sealed letter, and the sealed files if there are any.
 */

import { base64FromBytes, bytesFromBase64 } from "../vault/values/base64.js";
import { joinBytes } from "../vault/values/joined_bytes.js";

/** A draft has two parts, so that typing does not seal the attachments again. @typedef {"letter" | "files"} DraftPart */

/** A draft that is larger with its attachments stays in the browser, because it would be sent after each pause in typing. */
export const MAX_SERVER_DRAFT_BYTES = 5_000_000;
/** The largest size of a message that holds such a draft in base64. */
export const MAX_DRAFT_MESSAGE_BYTES = 8_000_000;
/** The first words of the Subject. The draft's id follows. */
export const DRAFT_MARK = "Sealwax draft";
const LINES = /.{1,76}/gu; // RFC 2045 section 6.8: a line of base64 has at most 76 characters
const LENGTH_BYTES = 4;
const MAX_HEADER_BYTES = 8_192;
const SUBJECT = "subject: ";
// No line of base64 begins with a hyphen.
const BOUNDARY = "sealwax-draft";
const FILE_NAME = 'name="draft.sealwax"';
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;

/** @param {string} id */
export function isDraftId(id) {
  return ID.test(id);
}

/** The id of the draft in a message with this Subject; null if it is another message. @param {string} subject */
export function draftIdOf(subject) {
  const id = subject.slice(DRAFT_MARK.length + 1);
  return subject === `${DRAFT_MARK} ${id}` && isDraftId(id) ? id : null;
}

/** The id of the draft in a whole message; null if the message is not a draft of Sealwax. @param {ArrayBuffer} message @returns {string | null} */
export function draftIdIn(message) {
  const header = new TextDecoder().decode(new Uint8Array(message, 0, Math.min(message.byteLength, MAX_HEADER_BYTES)));
  const line = header.split("\r\n\r\n", 1)[0]?.split("\r\n").find((field) => field.toLowerCase().startsWith(SUBJECT));
  return draftIdOf(line?.slice(SUBJECT.length).trim() ?? "");
}

/** The name to which the vault binds a sealed part of a draft. @param {string} id @param {DraftPart} part */
export function draftPlace(id, part) {
  return `draft ${id} ${part}`;
}

/** The Message-ID of a draft. The bridge keeps and deletes only drafts of this domain. The message that is sent has another Message-ID. @param {string} id */
export function draftMessageId(id) {
  return `<${id}@draft.sealwax.invalid>`;
}

/** The sealed parts of a draft. @typedef {{letter: ArrayBuffer, files: ArrayBuffer | null}} DraftParts */

/**
 * @param {string} id
 * @param {string} address of the writer
 * @param {DraftParts} parts
 * @param {string} note what other mail programs show instead of the draft
 */
export function writeDraftMessage(id, address, { letter, files }, note) {
  const parts = files ? [letter, files] : [letter];
  const content = joinBytes([new Uint8Array(LENGTH_BYTES), ...parts.map((part) => new Uint8Array(part))]);
  new DataView(content.buffer).setUint32(0, letter.byteLength);
  return [
    `From: <${address}>`, `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`, `Message-ID: ${draftMessageId(id)}`,
    `Subject: ${DRAFT_MARK} ${id}`, "MIME-Version: 1.0", `Content-Type: multipart/mixed; boundary="${BOUNDARY}"`, "",
    `--${BOUNDARY}`, "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "",
    ...linesOf(new TextEncoder().encode(note).buffer),
    `--${BOUNDARY}`, `Content-Type: application/octet-stream; ${FILE_NAME}`, `Content-Disposition: attachment; file${FILE_NAME}`,
    "Content-Transfer-Encoding: base64", "", ...linesOf(content.buffer), `--${BOUNDARY}--`, "",
  ].join("\r\n");
}

/**
 * Reads what `writeDraftMessage` wrote, and messages of earlier versions, which consist of the file without a note. The vault
 * checks whether the parts are complete.
 * @param {string} message
 * @returns {DraftParts | null} null if it is not a draft
 */
export function readDraftMessage(message) {
  const content = contentOf(message);
  const length = content && content.byteLength > LENGTH_BYTES ? new DataView(content).getUint32(0) : 0;
  if (!content || !length || LENGTH_BYTES + length > content.byteLength) return null;
  const files = content.slice(LENGTH_BYTES + length);
  return { letter: content.slice(LENGTH_BYTES, LENGTH_BYTES + length), files: files.byteLength ? files : null };
}

/** @param {string} message @returns {ArrayBuffer | null} */
function contentOf(message) {
  const named = message.lastIndexOf(FILE_NAME);
  const begin = named < 0 ? -1 : message.indexOf("\r\n\r\n", named);
  if (begin < 0) return null;
  const end = message.indexOf("\r\n--", begin);
  try {
    return bytesFromBase64(message.slice(begin + 4, end < 0 ? undefined : end));
  } catch {
    return null;
  }
}

/** @param {ArrayBuffer} bytes */
function linesOf(bytes) {
  return base64FromBytes(bytes).match(LINES) ?? [];
}
