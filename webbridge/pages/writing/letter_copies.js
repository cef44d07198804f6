/**
 * The copies in which a letter is sent. An encrypted message names its readers, so each person in Bcc gets a separate copy.
 * An unencrypted message names nobody in Bcc, and goes to all people as it is.
 */

import { addressKey } from "../../../wasm_build/ui/formats.js";

/** @typedef {import("../keys/mail_vault.js").Attachment} Attachment */
/** @typedef {import("../../../wasm_build/ui/recipients_field.js").Person} Person */
/** @typedef {{sign: boolean, encrypt: boolean}} Protection */
/**
 * A copy of the letter: the readers, and a name for the copy that stays the same when the letter is sent again.
 * @typedef {Protection & {name: string, people: Person[]}} Copy
 */

/**
 * The copies, with the copies for Bcc first. The last copy is kept in Sent. If there are people in To or Cc, it is
 * their copy.
 * @param {Protection} protection @param {{open: Person[], hidden: Person[]}} people of To and Cc, and of Bcc
 * @returns {Copy[]}
 */
export function planCopies({ sign, encrypt }, { open, hidden }) {
  const named = new Set(open.map(({ address }) => addressKey(address)));
  const others = hidden.filter(({ address }) => !named.has(addressKey(address)));
  if (!encrypt) return [{ name: "open", people: [...open, ...others], sign, encrypt }];
  const own = others.map((person) => ({ name: `bcc ${addressKey(person.address)}`, people: [person], sign, encrypt }));
  return [...own, ...(open.length > 0 ? [{ name: "open", people: open, sign, encrypt }] : [])];
}

/** The certificates for which a copy is encrypted; none for an unencrypted copy. @param {Copy} copy */
export function certificatesOf({ encrypt, people }) {
  if (!encrypt) return [];
  return people.map(({ finding, address }) => {
    if (finding?.readiness !== "ready") throw new Error(`nothing can be encrypted for ${address}`);
    return finding.check.certificate;
  });
}

/** Whether the program of each person is known to read protected header fields. @param {Copy} copy */
export function allReadHeaders({ people }) {
  return people.every(({ finding }) => finding?.readiness === "ready" && finding.check.readsHeaders);
}

/**
 * The content of a message without its Message-ID, with the name, type and size of each file. Two messages with the same
 * content count as the same message.
 * @param {{messageId?: string, attachments: Attachment[]}} draft
 */
export function contentOf({ messageId: _, attachments, ...rest }) {
  return JSON.stringify([rest, attachments.map(({ name, type, data }) => [name, type, data.byteLength])]);
}

/**
 * A text that changes with everything that is sent: the words, the files, the readers and the certificates to encrypt for.
 * @param {{messageId?: string, attachments: Attachment[]}} draft @param {Copy} copy
 * @returns {Promise<string>}
 */
export async function versionOf({ messageId: _, attachments, ...rest }, { sign, encrypt, people }) {
  const files = await Promise.all(attachments.map(async ({ name, type, data }) => [name, type, await digestOf(data)]));
  const readers = await Promise.all(people.map(async ({ address, finding }) =>
    [address, encrypt && finding?.readiness === "ready" ? await digestOf(finding.check.certificate) : ""]));
  return JSON.stringify([rest, files, sign, encrypt, readers]);
}

/** @param {BufferSource} bytes */
async function digestOf(bytes) {
  return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))).join();
}
