/** Bytes that are read piece by piece, from a file or from memory. */

import { ApiError } from "../vault/server/json_requests.js";
import { CHUNK_BYTES } from "./chunk_plan.js";

/** @typedef {{size: number, slice: (start: number, end: number) => {arrayBuffer: () => Promise<ArrayBuffer>}}} Readable a Blob is one */

/** Bytes in memory, read as a file is. A Blob of them might be written to the disk. @param {ArrayBuffer} bytes @returns {Readable} */
export function inMemory(bytes) {
  return { size: bytes.byteLength, slice: (start, end) => ({ arrayBuffer: async () => bytes.slice(start, end) }) };
}

/**
 * The content of a chunk. Rejects with `file-unreadable` if the file was changed or moved since it was chosen.
 * @param {Readable} data @param {number} index of the chunk in its file
 */
export async function readChunk(data, index) {
  const start = index * CHUNK_BYTES;
  const length = Math.min(CHUNK_BYTES, data.size - start);
  const content = await data.slice(start, start + length).arrayBuffer().catch(() => null);
  if (content?.byteLength !== length) throw new ApiError("file-unreadable", "a file has changed since it was chosen");
  return content;
}
