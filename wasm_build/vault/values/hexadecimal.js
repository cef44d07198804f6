/** Hexadecimal digits, two for each byte. */

/** @param {ArrayBuffer} octets @returns {string} in lower case */
export function hexFromBytes(octets) {
  return Array.from(new Uint8Array(octets), (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** The SHA-256 of bytes, in lower case. @param {BufferSource} octets @returns {Promise<string>} */
export async function sha256Hex(octets) {
  return hexFromBytes(await crypto.subtle.digest("SHA-256", octets));
}
