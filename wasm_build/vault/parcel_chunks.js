/** The chunks of a parcel's files. */

/** The plaintext in each chunk but the last one of a file: `smime_core.parcels.CHUNK_BYTES`. */
export const CHUNK_BYTES = 16 * 1024 * 1024;

/** The lengths of the chunks of a file with so many bytes. An empty file has no chunk. @param {number} bytes @returns {number[]} */
export function chunkLengths(bytes) {
  const count = Math.ceil(bytes / CHUNK_BYTES);
  return Array.from({ length: count }, (_, index) => Math.min(CHUNK_BYTES, bytes - index * CHUNK_BYTES));
}
