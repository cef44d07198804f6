/** The reading of a file chunk by chunk. The next chunk is fetched while the current chunk is decrypted. */

/** @typedef {import("./chunk_plan.js").Chunk} Chunk */
/** @typedef {import("./chunk_plan.js").ReceivedFile["chunks"][number]} PlacedChunk */

/**
 * The contents of chunks, in their order. The caller overwrites each content.
 * @param {PlacedChunk[]} chunks
 * @param {{
 *   fetch: (object: {name: string, bytes: number}, onProgress: (bytes: number) => void) => Promise<ArrayBuffer>,
 *   decrypt: (cms: ArrayBuffer, chunk: Chunk) => Promise<{content: ArrayBuffer}>, onProgress: (bytes: number) => void,
 * }} options `onProgress` gets the bytes of all chunks that have come
 * @returns {AsyncGenerator<ArrayBuffer, void>}
 */
export async function* readChunks(chunks, { fetch, decrypt, onProgress }) {
  let done = 0;
  const fetchNext = (/** @type {PlacedChunk | undefined} */ chunk) => {
    if (!chunk) return null;
    const before = done;
    done += chunk.cmsBytes;
    const fetching = fetch({ name: chunk.object, bytes: chunk.cmsBytes }, (bytes) => onProgress(before + bytes));
    // An error of this fetch is reported when it is the chunk's turn.
    fetching.catch(() => {});
    return fetching;
  };
  let coming = fetchNext(chunks[0]);
  for (const [index, { object: _, ...chunk }] of chunks.entries()) {
    const cms = /** @type {ArrayBuffer} */ (await coming);
    coming = fetchNext(chunks[index + 1]);
    yield (await decrypt(cms, chunk)).content;
  }
}
