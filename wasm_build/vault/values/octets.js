/** Comparisons of bytes that are not secret. */

/**
 * @param {ArrayBuffer} one
 * @param {ArrayBuffer | null} other
 */
export function haveSameOctets(one, other) {
  if (one.byteLength !== other?.byteLength) return false;
  const octets = new Uint8Array(other);
  return new Uint8Array(one).every((octet, index) => octet === octets[index]);
}
