/** The limits of the vault on its input, in bytes. Larger input is refused with a reason before work starts. */

import { VaultError } from "./errors/vault_error.js";

/** The limit on the total size of all buffers of a request. Chromium and Firefox can process this much in one piece. */
const MAX_CALL_BYTES = 134_217_728;

/** The limit on a stream. If Python reads an input twice, the Worker keeps the whole input in memory, unless the input is a Blob. */
const MAX_STREAM_BYTES = 536_870_912;

/** The number of processed bytes between two reports of progress. Smaller requests report no progress. */
export const PROGRESS_STEP_BYTES = 1_000_000;

/**
 * Throws `message-too-large` above the limit of a request.
 * @param {number} bytes
 */
export function checkCallSize(bytes) {
  if (bytes > MAX_CALL_BYTES) refuse(bytes, MAX_CALL_BYTES, "in one piece; larger messages go through vault.stream");
}

/**
 * Throws `message-too-large` above the limit of a stream.
 * @param {number} bytes
 */
export function checkStreamSize(bytes) {
  if (bytes > MAX_STREAM_BYTES) refuse(bytes, MAX_STREAM_BYTES, "as a stream");
}

/**
 * @param {number} bytes
 * @param {number} limit
 * @param {string} how
 */
function refuse(bytes, limit, how) {
  throw new VaultError("message-too-large", `${inMegabytes(bytes)}: the vault takes at most ${inMegabytes(limit)} ${how}`);
}

/** @param {number} bytes */
function inMegabytes(bytes) {
  return `${Math.ceil(bytes / 1_000_000)} MB`;
}
