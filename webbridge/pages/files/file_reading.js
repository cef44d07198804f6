/**
 * Reads a kept file. The manifest is read first. One of the person's own keys must have signed it. Then the chunks are read,
 * and each is checked before it is yielded.
 */

import { ApiError } from "../../../wasm_build/vault/server/json_requests.js";
import { readChunks } from "../../../wasm_build/parcels/chunk_reading.js";
import { readObject } from "../../../wasm_build/parcels/object_source.js";

/** @typedef {import("./file_tree.js").KeptEntry} KeptEntry */

/**
 * The content of a file, chunk by chunk. The caller overwrites each chunk.
 * @param {KeptEntry} entry
 * @param {Pick<import("./file_sending.js").Parts, "own" | "requests">} parts
 * @param {{signal: AbortSignal} & import("../../../wasm_build/parcels/object_source.js").ReadingOptions} options `onProgress` gets the bytes of the
 *   encrypted file that have come
 * @returns {AsyncGenerator<ArrayBuffer, void>}
 */
export async function* readFile({ id, bytes }, { own, requests }, { signal, onProgress = () => {}, ...reading }) {
  const { files: [file, ...others] } = await own.verify(await requests.manifest(id, { signal, ...reading }), id, signal);
  if (!file || others.length > 0 || file.sizeBytes !== bytes) throw new ApiError("files-damaged", "the manifest is of another file");
  const ask = (/** @type {string} */ name, /** @type {number} */ from) => requests.object(id, name, from, signal);
  yield* readChunks(file.chunks, {
    fetch: (object, onBytes) => readObject(ask, { ...object, signal }, { ...reading, onProgress: onBytes }),
    decrypt: (cms, chunk) => own.call("parcel.decrypt", { cms, chunk }, signal),
    onProgress,
  });
}
