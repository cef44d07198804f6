/** Certificates out of a file: PEM (RFC 7468) or one DER certificate. */
import { RequestError } from "./messages.js";

const BEGIN = "-----BEGIN ";
const BLOCK = /^(?:X509 |TRUSTED )?CERTIFICATE-----([^-]+)-----END/;
const DER_SEQUENCE = 0x30;

/** @param {ArrayBuffer} bytes @returns {ArrayBuffer[]} */
export function certificatesOf(bytes) {
  if (new Uint8Array(bytes)[0] === DER_SEQUENCE) return [bytes];
  const pieces = new TextDecoder("latin1").decode(bytes).split(BEGIN).slice(1);
  const found = pieces.flatMap((piece) => BLOCK.exec(piece)?.[1] ?? []).map(decodeBase64);
  if (!found.length) throw new RequestError("no-certificate-in-file");
  return found;
}

/** @param {string} base64 @returns {ArrayBuffer} */
function decodeBase64(base64) {
  try {
    return Uint8Array.from(atob(base64.replace(/\s+/g, "")), (character) => character.charCodeAt(0)).buffer;
  } catch {
    throw new RequestError("no-certificate-in-file");
  }
}
