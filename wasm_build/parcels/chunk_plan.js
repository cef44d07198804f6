/** The parts of a parcel, as the vault plans and describes them: `smime_core.parcels`. */

/** @typedef {{cmsBytes: number, contentBytes: number, sha256: string}} Chunk as the manifest describes it */
/** @typedef {{file: number, start: number, contentBytes: number}} PlannedChunk the place of its content in the files to send */
/**
 * With a `line`, the sizes are announced before the chunks are uploaded. Without a `line`, the parcel goes in one request.
 * @typedef {{chunks: PlannedChunk[], line?: ArrayBuffer | null, most?: number | null}} Plan
 */
/**
 * A file as the verified manifest describes it. `object` is the name of a chunk at the server.
 * @typedef {{name: string, sizeBytes: number, cmsBytes: number, chunks: (Chunk & {object: string})[]}} ReceivedFile
 */

/** The size of the plaintext in each chunk except the last of a file: `smime_core.parcels.CHUNK_BYTES`. */
export const CHUNK_BYTES = 16 * 1024 * 1024;
