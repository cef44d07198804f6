/** Certificates out of a file, PEM (RFC 7468) or one DER certificate, and into one. */
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

/** Certificates as PEM, one after the other. @param {ArrayBuffer[]} certificates @returns {ArrayBuffer} */
export function pemOf(certificates) {
  const blocks = certificates.map((certificate) => {
    const base64 = btoa(Array.from(new Uint8Array(certificate), (byte) => String.fromCharCode(byte)).join(""));
    return `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/gu)?.join("\n")}\n-----END CERTIFICATE-----\n`;
  });
  return new TextEncoder().encode(blocks.join("")).buffer;
}

/** @param {string} base64 @returns {ArrayBuffer} */
function decodeBase64(base64) {
  try {
    return Uint8Array.from(atob(base64.replace(/\s+/g, "")), (character) => character.charCodeAt(0)).buffer;
  } catch {
    throw new RequestError("no-certificate-in-file");
  }
}
