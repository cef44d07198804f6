/** Certificates in files: any number in PEM (RFC 7468), or one in DER. */

import { bytesFromBase64 } from "./base64.js";

const BEGIN = "-----BEGIN ";
const BLOCK = /^(?:X509 |TRUSTED )?CERTIFICATE-----([^-]+)-----END/u;
const DER_SEQUENCE = 0x30;

/**
 * @param {ArrayBuffer} file
 * @returns {ArrayBuffer[]} the certificates in the order of the file; empty if there are none
 */
export function findCertificates(file) {
  if (new Uint8Array(file)[0] === DER_SEQUENCE) return [file];
  const pieces = new TextDecoder("latin1").decode(file).split(BEGIN).slice(1);
  try {
    return pieces.flatMap((piece) => BLOCK.exec(piece)?.[1] ?? []).map(bytesFromBase64);
  } catch {
    return [];
  }
}
