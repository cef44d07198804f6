/** The objects in which the chunks of a parcel's files are. */

/**
 * A file as the verified manifest describes it.
 * @typedef {{name: string, sizeBytes: number, chunks: Chunk[]}} ParcelFile
 */
/** @typedef {{cmsBytes: number, contentBytes: number, sha256: string}} Chunk */
/** @typedef {Chunk & {object: string}} PlannedChunk `object` is the name at the server */
/** @typedef {{name: string, sizeBytes: number, cmsBytes: number, chunks: PlannedChunk[]}} PlannedFile */

/** The plaintext in each chunk but the last one of a file: `smime_core.parcels.CHUNK_BYTES`. */
export const CHUNK_BYTES = 16 * 1024 * 1024;

/**
 * The files with the names of their objects, which are numbered over all files.
 * @param {ParcelFile[]} files
 * @returns {PlannedFile[]}
 */
export function planChunks(files) {
  let number = 0;
  return files.map(({ name, sizeBytes, chunks }) => ({
    name, sizeBytes, cmsBytes: chunks.reduce((sum, chunk) => sum + chunk.cmsBytes, 0),
    chunks: chunks.map((chunk) => ({ ...chunk, object: String(number++) })),
  }));
}

/** The lengths of the chunks of a file with so many bytes. An empty file has no chunk. @param {number} bytes @returns {number[]} */
export function chunkLengths(bytes) {
  const count = Math.ceil(bytes / CHUNK_BYTES);
  return Array.from({ length: count }, (_, index) => Math.min(CHUNK_BYTES, bytes - index * CHUNK_BYTES));
}
