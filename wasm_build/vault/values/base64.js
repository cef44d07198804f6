/** Conversion between whole buffers and base64 (RFC 4648 section 4). */

/** @param {string} text white space is ignored @returns {ArrayBuffer} throws a DOMException if `text` is no base64 */
export function bytesFromBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(new ArrayBuffer(binary.length));
  for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return bytes.buffer;
}

/** @param {ArrayBuffer} bytes */
export function base64FromBytes(bytes) {
  let binary = "";
  for (const byte of new Uint8Array(bytes)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
