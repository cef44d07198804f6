/**
 * A letter as one run of octets, so that it travels in one envelope: four octets with the length of a JSON text, the
 * JSON, then the attachments' contents in the order in which the JSON names them.
 */

/** @typedef {{name: string, type: string, data: ArrayBuffer}} Attachment */
/** @typedef {{fields: any, attachments: Attachment[]}} PackedLetter */

const LENGTH_BYTES = 4;

/**
 * @param {PackedLetter} letter `fields` is plain data
 * @returns {ArrayBuffer} the attachments are copied
 */
export function packLetter({ fields, attachments }) {
  const files = attachments.map(({ name, type, data }) => ({ name, type, bytes: data.byteLength }));
  const json = new TextEncoder().encode(JSON.stringify({ fields, files }));
  const size = attachments.reduce((sum, { data }) => sum + data.byteLength, LENGTH_BYTES + json.length);
  const packed = new Uint8Array(size);
  new DataView(packed.buffer).setUint32(0, json.length);
  packed.set(json, LENGTH_BYTES);
  let offset = LENGTH_BYTES + json.length;
  for (const { data } of attachments) {
    packed.set(new Uint8Array(data), offset);
    offset += data.byteLength;
  }
  json.fill(0);
  return packed.buffer;
}

/**
 * @param {ArrayBuffer} packed is overwritten
 * @returns {PackedLetter}
 */
export function unpackLetter(packed) {
  const start = LENGTH_BYTES + new DataView(packed).getUint32(0);
  const { fields, files } = JSON.parse(new TextDecoder().decode(new Uint8Array(packed, LENGTH_BYTES, start - LENGTH_BYTES)));
  let offset = start;
  const attachments = files.map((/** @type {{name: string, type: string, bytes: number}} */ { name, type, bytes }) => {
    offset += bytes;
    return { name, type, data: packed.slice(offset - bytes, offset) };
  });
  new Uint8Array(packed).fill(0);
  return { fields, attachments };
}
