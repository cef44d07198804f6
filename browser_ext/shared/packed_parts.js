/**
 * Packs a head and several parts into one ArrayBuffer. First comes the length of the head (four bytes, big-endian),
 * then the head as JSON with the lengths of the parts, then the parts one after the other. The parts stay bytes until
 * the view decodes them.
 */

const LENGTH_BYTES = 4;

/**
 * @param {object} facts for the head
 * @param {ArrayBuffer[]} parts are copied
 * @returns {ArrayBuffer}
 */
export function packParts(facts, parts) {
  const lengths = parts.map(({ byteLength }) => byteLength);
  const head = new TextEncoder().encode(JSON.stringify({ ...facts, lengths }));
  const packed = new Uint8Array(lengths.reduce((sum, length) => sum + length, LENGTH_BYTES + head.length));
  new DataView(packed.buffer).setUint32(0, head.length);
  packed.set(head, LENGTH_BYTES);
  let end = LENGTH_BYTES + head.length;
  for (const part of parts) {
    packed.set(new Uint8Array(part), end);
    end += part.byteLength;
  }
  return packed.buffer;
}

/**
 * @template Facts
 * @param {ArrayBuffer} packed
 * @returns {{facts: Facts, parts: Uint8Array<ArrayBuffer>[]}} the parts are views of `packed`
 */
export function unpackParts(packed) {
  const headBytes = new DataView(packed).getUint32(0);
  const { lengths, ...facts } = JSON.parse(new TextDecoder().decode(new Uint8Array(packed, LENGTH_BYTES, headBytes)));
  let start = LENGTH_BYTES + headBytes;
  const parts = lengths.map((/** @type {number} */ length) => {
    start += length;
    return new Uint8Array(packed, start - length, length);
  });
  return { facts, parts };
}
