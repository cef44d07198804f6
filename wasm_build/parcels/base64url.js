/** Conversion between buffers and base64url without padding (RFC 4648 section 5). */

import { base64FromBytes, bytesFromBase64 } from "../vault/values/base64.js";

/** @param {ArrayBuffer} bytes */
export function base64urlFromBytes(bytes) {
  return base64FromBytes(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/={1,2}$/u, "");
}

/** @param {string} text @returns {ArrayBuffer} throws a DOMException if `text` is no base64url */
export function bytesFromBase64url(text) {
  return bytesFromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
}
