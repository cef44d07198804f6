/** Bytes that are read piece by piece, from a file or from memory. */

/** @typedef {{size: number, slice: (start: number, end: number) => {arrayBuffer: () => Promise<ArrayBuffer>}}} Readable a Blob is one */

/** Bytes in memory, read as a file is. A Blob of them might be written to the disk. @param {ArrayBuffer} bytes @returns {Readable} */
export function inMemory(bytes) {
  return { size: bytes.byteLength, slice: (start, end) => ({ arrayBuffer: async () => bytes.slice(start, end) }) };
}
