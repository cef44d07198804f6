/** The chunks of a parcel's files: the object in which each is, and the number of bytes that it must have. */

import { ApiError } from "../../../wasm_build/vault/json_requests.js";

/** @typedef {import("../../../wasm_build/vault/types/verbs.js").ParcelFile} ParcelFile */
/**
 * @typedef {{name: string, bytes: number, sha256: string, length: number}} PlannedChunk `name` is that of the object, `bytes`
 *   the size of the object, and `length` that of the plaintext
 */
/** @typedef {{name: string, bytes: number, storedBytes: number, chunks: PlannedChunk[]}} PlannedFile */

/** The plaintext in each chunk but the last one of a file: `smime_core.parcels.CHUNK_BYTES`. */
export const CHUNK_BYTES = 16 * 1024 * 1024;
/** A chunk's envelope, with all its recipients, is far smaller. */
const MAX_ENVELOPE_BYTES = 4_000_000;

/**
 * Throws `parcel-damaged` if sizes and chunks do not agree.
 * @param {ParcelFile[]} files by the manifest, whose objects are numbered over all files
 * @returns {PlannedFile[]}
 */
export function chunkPlan(files) {
  let number = 0;
  return files.map(({ name, bytes, chunks }) => {
    if (!Number.isSafeInteger(bytes) || bytes < 0 || chunks.length !== Math.ceil(bytes / CHUNK_BYTES)) throw damaged(name);
    const planned = chunks.map((chunk, index) => {
      const length = Math.min(CHUNK_BYTES, bytes - index * CHUNK_BYTES);
      const isPossible = Number.isSafeInteger(chunk.bytes) && chunk.bytes > length && chunk.bytes <= length + MAX_ENVELOPE_BYTES;
      if (!isPossible) throw damaged(name);
      return { ...chunk, name: String(number++), length };
    });
    return { name, bytes, storedBytes: planned.reduce((sum, chunk) => sum + chunk.bytes, 0), chunks: planned };
  });
}

/** @param {string} name */
function damaged(name) {
  return new ApiError("parcel-damaged", `the manifest gives ${name} another number or size of chunks than its bytes need`);
}
