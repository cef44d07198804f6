/** Reads certificates from a file, and writes them as PEM (RFC 7468). */
import { base64FromBytes } from "../../wasm_build/vault/base64.js";
import { findCertificates } from "../../wasm_build/vault/pem.js";
import { RequestError } from "./messages.js";

/** The certificates in a file. Throws `no-certificate-in-file`. @param {ArrayBuffer} bytes @returns {ArrayBuffer[]} */
export function certificatesOf(bytes) {
  const found = findCertificates(bytes);
  if (!found.length) throw new RequestError("no-certificate-in-file");
  return found;
}

/** Certificates as PEM, one after the other. @param {ArrayBuffer[]} certificates @returns {ArrayBuffer} */
export function pemOf(certificates) {
  const blocks = certificates.map((certificate) => {
    return `-----BEGIN CERTIFICATE-----\n${base64FromBytes(certificate).match(/.{1,64}/gu)?.join("\n")}\n-----END CERTIFICATE-----\n`;
  });
  return new TextEncoder().encode(blocks.join("")).buffer;
}
