/** The messages whose subjects are encrypted: their bytes from the bridge, and their subjects from the vault. */

import { VaultError } from "../../../wasm_build/vault/errors/vault_error.js";
import { ApiError } from "../app/api.js";
import { sha256Hex } from "../../../wasm_build/vault/values/hexadecimal.js";

/** @typedef {import("../keys/mail_vault.js").MailVault} MailVault */
/** @typedef {import("../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("./list_answers.js").MessageSummary} MessageSummary */
/** @typedef {import("../app/routes.js").MessageAddress} MessageAddress */

/** A message with more bytes keeps the placeholder of its subject until the person opens it. */
export const MAX_FETCHED_BYTES = 256_000;
/** The codes of errors after which the next request would fail too. */
const OF_EVERY_REQUEST = new Set(["unreachable", "session-ended"]);
/** Errors of the vault that a single message can cause. */
const OF_ONE_MESSAGE = new Set(["internal-error", "out-of-memory", "vault-crashed", "vault-timeout"]);

/**
 * @param {{mailVault: MailVault}} services
 * @param {{bytes: ArrayBuffer}[]} rows
 * @returns {Promise<(string | null)[] | null>} null if one of the messages was too much for the vault
 */
export async function decryptSubjects({ mailVault }, rows) {
  try {
    return await mailVault.subjects(rows.map(({ bytes }) => bytes));
  } catch (error) {
    if (error instanceof VaultError && OF_ONE_MESSAGE.has(error.code)) return null;
    throw error;
  }
}

/**
 * The bytes of the messages, as far as the bridge gives them. The messages are fetched one after the other, so that a
 * message that the person opens does not wait.
 * @param {BridgeApi} api
 * @param {MessageSummary[]} messages
 * @param {{addressOf: (message: MessageSummary) => MessageAddress, signal: AbortSignal}} options
 */
export async function fetchRows(api, messages, { addressOf, signal }) {
  const rows = [];
  for (const message of messages) {
    const address = addressOf(message);
    // The size in the row comes from the server, so the size is checked again.
    const bytes = await api.rawMessage(address, { signal, maxBytes: MAX_FETCHED_BYTES }).catch((error) => {
      if (!(error instanceof ApiError) || OF_EVERY_REQUEST.has(error.code)) throw error;
      return null;
    });
    if (bytes) rows.push({ address, bytes, digest: await sha256Hex(bytes) });
  }
  return rows;
}
