/** The messages between pages and key server about second factors. */

import { base64FromBytes } from "../vault/values/base64.js";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_BYTES = 20;

/** @param {Record<string, ArrayBuffer>} members @returns {Record<string, string>} the members in base64 */
export function base64Members(members) {
  return Object.fromEntries(
    Object.entries(members).map(([name, bytes]) => [name, base64FromBytes(bytes)]),
  );
}

/** A new secret for an authenticator app. */
export function makeSecret() {
  return crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
}

/** The secret in the form for apps, base 32 of RFC 4648. @param {Uint8Array} secret */
export function writeSecret(secret) {
  const bits = Array.from(secret, (octet) => octet.toString(2).padStart(8, "0")).join("");
  return bits.match(/.{5}/gu)?.map((five) => BASE32[Number.parseInt(five, 2)]).join("") ?? "";
}

/** The link that opens an authenticator app on the same device. @param {string} address @param {string} secret */
export function secretLink(address, secret) {
  return `otpauth://totp/${encodeURIComponent(`Sealwax:${address}`)}?secret=${secret}&issuer=Sealwax`;
}
