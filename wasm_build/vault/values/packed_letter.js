/**
 * A letter as one run of bytes, for one encrypted envelope. First come four bytes with the length of a JSON text, and
 * the JSON. Then come the bytes of the letter's text, and the attachments' contents in the order of the JSON. The
 * vault's owner passes text and contents on as bytes. The text becomes a string only in the window that shows it.
 */

import { joinBytes } from "./joined_bytes.js";

/** @typedef {import("../../ui/attachments.js").Attachment} Attachment */
/**
 * `text` is in UTF-8.
 * @template [Fields=unknown] @typedef {{fields: Fields, text: ArrayBuffer, attachments: Attachment[]}} PackedLetter
 */

const LENGTH_BYTES = 4;

/**
 * @param {PackedLetter} letter `fields` is plain data, `text` is overwritten
 * @returns {ArrayBuffer} with copies of the attachments
 */
export function packLetter({ fields, text, attachments }) {
  const files = attachments.map(({ name, type, data }) => ({ name, type, bytes: data.byteLength }));
  const json = new TextEncoder().encode(JSON.stringify({ fields, textBytes: text.byteLength, files }));
  const parts = [text, ...attachments.map(({ data }) => data)].map((part) => new Uint8Array(part));
  const packed = joinBytes([new Uint8Array(LENGTH_BYTES), json, ...parts]);
  new DataView(packed.buffer).setUint32(0, json.length);
  json.fill(0);
  new Uint8Array(text).fill(0);
  return packed.buffer;
}

/**
 * @param {ArrayBuffer} packed is overwritten
 * @returns {PackedLetter}
 */
export function unpackLetter(packed) {
  let offset = LENGTH_BYTES;
  const take = (/** @type {number} */ bytes) => {
    offset += bytes;
    return packed.slice(offset - bytes, offset);
  };
  const json = take(new DataView(packed).getUint32(0));
  const { fields, textBytes, files } = JSON.parse(new TextDecoder().decode(json));
  const text = take(textBytes);
  const attachments = files.map((/** @type {{name: string, type: string, bytes: number}} */ { name, type, bytes }) =>
    ({ name, type, data: take(bytes) }));
  for (const buffer of [packed, json]) new Uint8Array(buffer).fill(0);
  return { fields, text, attachments };
}
