/** Writes certificates as PEM (RFC 7468). The vault has the code that reads PEM. */
import { base64FromBytes } from "../../wasm_build/vault/values/base64.js";

/** Certificates as PEM, one after the other. @param {ArrayBuffer[]} certificates @returns {ArrayBuffer} */
export function pemOf(certificates) {
  const blocks = certificates.map((certificate) => {
    return `-----BEGIN CERTIFICATE-----\n${base64FromBytes(certificate).match(/.{1,64}/gu)?.join("\n")}\n-----END CERTIFICATE-----\n`;
  });
  return new TextEncoder().encode(blocks.join("")).buffer;
}
