/** Comparisons of bytes that are not secret. */

/**
 * @param {ArrayBuffer} one
 * @param {ArrayBuffer | null} other
 */
export function haveSameBytes(one, other) {
  if (one.byteLength !== other?.byteLength) return false;
  const bytes = new Uint8Array(other);
  return new Uint8Array(one).every((byte, index) => byte === bytes[index]);
}
