/**
 * Makes a message in the vault, signed, encrypted or both, with a timestamp and requests for receipts if wanted.
 */

import { overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { documentOf } from "../../../wasm_build/ui/text_markup.js";
import { ApiError } from "../app/api.js";

/**
 * @typedef {{
 *   vault: import("./keys.js").Vault, keys: import("./keys.js").KeyRing,
 *   receipts: import("../reading/receipts.js").Receipts,
 * }} MakingServices
 */
/**
 * @typedef {{
 *   sign: boolean, recipients: ArrayBuffer[], readers: string[], readsHeaders?: boolean,
 *   stamp: (query: ArrayBuffer) => Promise<ArrayBuffer>,
 * }} Protection without `recipients` the message is not encrypted; `readers` are the addresses that get the message, and
 *   `readsHeaders` says whether the programs of all readers are known to read protected header fields; `stamp` asks the
 *   timestamp service
 */

/**
 * Makes a message. If the message asks for receipts, the request is kept before the message can be sent. Rejects if the
 * request cannot be kept.
 * @param {MakingServices} services
 * @param {import("./mail_vault.js").Draft} message
 * @param {Protection} protection
 * @returns {Promise<ArrayBuffer>} RFC 5322 bytes
 */
export async function makeMessage(
  { vault, keys: ownKeys, receipts }, message, { sign, recipients, readers, readsHeaders = false, stamp },
) {
  const { receipt = false, lasting, label } = message.statements;
  const keys = ownKeys.copies();
  if (sign && !keys.sealKey) throw new ApiError("locked", "the keys are locked");
  const draft = writtenOf(message);
  // CBC is used, because every S/MIME program in use reads it. Thunderbird shows messages with authenticated ciphers as
  // empty.
  const encrypting = { recipients: recipients.map((der) => der.slice(0)), cipher: "cbc" };
  if (!sign || !lasting) {
    const made = await vault.call("message.compose", {
      draft, sign, readsHeaders, ...(sign && { receipt, label }), ...keys, ...encrypting,
    });
    await receipts.keepRequest(made.receipt, readers);
    return made.message;
  }
  const { query, receipt: receiptRequest, writer, ...signed } = await vault.call("message.sign", {
    draft, encrypts: recipients.length > 0, readsHeaders, receipt, label, ...keys,
  });
  const answer = await stamp(query).catch((error) => {
    for (const bytes of [signed.headers, signed.entity]) overwrite(bytes);
    throw error;
  });
  if (writer) encrypting.recipients.push(writer);
  const made = await vault.call("message.finish", { ...signed, answer, ...encrypting });
  await receipts.keepRequest(receiptRequest, readers);
  return made.message;
}

/** The fields of a message in the form that the vault expects. @param {import("./mail_vault.js").Draft} message */
function writtenOf({ statements: _, html, ...draft }) {
  return {
    ...draft,
    text: new TextEncoder().encode(draft.text).buffer,
    ...(html ? { html: new TextEncoder().encode(documentOf(html)).buffer } : {}),
    attachments: draft.attachments.map((attachment) => ({ ...attachment, data: attachment.data.slice(0) })),
    date: new Date().toISOString(),
  };
}
