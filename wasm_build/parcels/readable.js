/** Bytes that are read piece by piece, from a file or from memory. */

import { ApiError } from "../vault/server/json_requests.js";

/** @typedef {{size: number, slice: (start: number, end: number) => {arrayBuffer: () => Promise<ArrayBuffer>}}} Readable a Blob is one */

/** Bytes in memory, read like a file. A Blob of these bytes might be written to the disk. @param {ArrayBuffer} bytes @returns {Readable} */
export function inMemory(bytes) {
  return { size: bytes.byteLength, slice: (start, end) => ({ arrayBuffer: async () => bytes.slice(start, end) }) };
}

/**
 * The content of a chunk. Rejects with `file-unreadable` if the file was changed or moved since it was chosen.
 * @param {Readable} data @param {import("./chunk_plan.js").PlannedChunk} place
 */
export async function readChunk(data, { start, contentBytes }) {
  const content = await data.slice(start, start + contentBytes).arrayBuffer().catch(() => null);
  if (content?.byteLength !== contentBytes) throw new ApiError("file-unreadable", "a file has changed since it was chosen");
  return content;
}
