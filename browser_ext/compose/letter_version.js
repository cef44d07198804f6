/**
 * The version of a letter: a hash that changes with everything that the person writes, except the recipients and their
 * certificates. The recipients and certificates are in the name of each message. The hash covers a secret of the letter, which is
 * stored only in the sealed draft. So nobody can use a stored hash to test whether the letter has certain words.
 */
import { hexFromBytes } from "../../wasm_build/vault/values/hexadecimal.js";

const SECRET_BYTES = 32;

/** The secret of a new letter. */
export function newLetterSecret() {
  return hexFromBytes(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)).buffer);
}

/**
 * @param {string} secret
 * @param {import("./courier.js").PackedLetter<import("./courier.js").LetterFields>} letter
 * @param {import("./courier.js").Leaving} leaving
 * @param {Secret | null} password
 * @returns {Promise<string>}
 */
export async function versionOf(secret, letter, leaving, password) {
  // Left out are the Message-ID, which is new with each try, and the header fields To and Cc, which repeat the
  // recipients.
  const { messageId: _, to: _to, cc: _cc, ...fields } = letter.fields;
  const { identity, sign, encrypt, receipt, lasting, label, from } = leaving;
  const [text, typed, ...files] = await Promise.all([
    digestOf(letter.text), digestOf(password ? password.buffer.slice(0, password.length) : new ArrayBuffer(0)),
    ...letter.attachments.map(({ data }) => digestOf(data)),
  ]);
  const attached = letter.attachments.map(({ name, type }, index) => [name, type, files[index]]);
  const content = JSON.stringify([secret, fields, { identity, sign, encrypt, receipt, lasting, label, from }, text, typed, attached]);
  return digestOf(new TextEncoder().encode(content).buffer);
}

/** @param {ArrayBuffer} bytes */
async function digestOf(bytes) {
  return hexFromBytes(await crypto.subtle.digest("SHA-256", bytes));
}
