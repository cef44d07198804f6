/**
 * A letter as one run of octets, so that it travels in one envelope: four octets with the length of a JSON text, the
 * JSON, the octets of the text, then the attachments' contents in the order in which the JSON names them. The vault's
 * owner passes text and contents on as they are: what is written becomes a string only where somebody reads it.
 */

/** @typedef {{name: string, type: string, data: ArrayBuffer}} Attachment */
/** @typedef {{fields: any, text: ArrayBuffer, attachments: Attachment[]}} PackedLetter `text` in UTF-8 */

const LENGTH_BYTES = 4;

/**
 * @param {PackedLetter} letter `fields` is plain data, `text` is overwritten
 * @returns {ArrayBuffer} the attachments are copied
 */
export function packLetter({ fields, text, attachments }) {
  const files = attachments.map(({ name, type, data }) => ({ name, type, bytes: data.byteLength }));
  const json = new TextEncoder().encode(JSON.stringify({ fields, textBytes: text.byteLength, files }));
  const parts = [json.buffer, text, ...attachments.map(({ data }) => data)];
  const packed = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, LENGTH_BYTES));
  new DataView(packed.buffer).setUint32(0, json.length);
  let offset = LENGTH_BYTES;
  for (const part of parts) {
    packed.set(new Uint8Array(part), offset);
    offset += part.byteLength;
  }
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
