/** The objects in which the chunks of a parcel's files are. */

/**
 * A file as the verified manifest describes it.
 * @typedef {{name: string, sizeBytes: number, chunks: Chunk[]}} ParcelFile
 */
/** @typedef {{cmsBytes: number, contentBytes: number, sha256: string}} Chunk */
/** @typedef {Chunk & {object: string}} PlannedChunk `object` is the name at the server */
/** @typedef {{name: string, sizeBytes: number, cmsBytes: number, chunks: PlannedChunk[]}} PlannedFile */

export { CHUNK_BYTES } from "../vault/parcel_chunks.js";

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
