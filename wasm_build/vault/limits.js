/** How much the vault takes at once, in bytes: what is larger is refused before work starts, and the refusal says so. */

import { VaultError } from "./vault_error.js";

/** All buffers of one request together: both browsers still open, seal, sign and verify that much in one piece. */
export const MAX_CALL_BYTES = 134_217_728;

/** One stream. What has to be read twice is held in the Worker meanwhile, if it is not a Blob that can be read again. */
export const MAX_STREAM_BYTES = 536_870_912;

/** Progress is told from here on, and after so many bytes again. */
export const PROGRESS_STEP_BYTES = 1_000_000;

/**
 * Throws `message-too-large` for more than one request may bring.
 * @param {number} bytes
 */
export function checkCallSize(bytes) {
  if (bytes > MAX_CALL_BYTES) refuse(bytes, MAX_CALL_BYTES, "in one piece; larger messages go through vault.stream");
}

/**
 * Throws `message-too-large` for more than one stream may have.
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
