/**
 * Encrypts a file chunk by chunk and uploads it. At most two chunks are in memory, whatever the size of the file.
 *
 * The file is a parcel to oneself. Its manifest contains the file's name, so that it can be read without the index too.
 */

import { base64urlFromBytes } from "../../../wasm_build/parcels/base64url.js";
import { ChunkSending } from "../../../wasm_build/parcels/chunk_sending.js";

/** @typedef {import("../../../wasm_build/parcels/parcel_uploads.js").Waiting} Waiting */
/** @typedef {import("../../../wasm_build/parcels/readable.js").Readable} Readable */
/** @typedef {import("../../../wasm_build/parcels/chunk_plan.js").Plan} Plan */
/** @typedef {{own: import("./own_keys.js").OwnKeys, requests: import("./file_requests.js").FileRequests, wholeBytes: number}} Parts */

const ID_BYTES = 16;

/**
 * Resolves with the id of the uploaded file. The file is kept once an index names it. After an error, the uploaded bytes
 * are deleted.
 * @param {{name: string, data: Readable}} file
 * @param {Parts} parts
 * @param {Waiting & {onProgress: (bytes: number) => void}} options `onProgress` gets the bytes of the file that the bridge has
 * @returns {Promise<string>}
 */
export async function sendFile({ name, data }, { own, requests, wholeBytes }, { onProgress, ...waiting }) {
  const { signal } = waiting;
  const id = base64urlFromBytes(crypto.getRandomValues(new Uint8Array(ID_BYTES)).buffer);
  const parcel = { parcel: id, name, sizeBytes: data.size, at: new Date().toISOString(), wholeBytes };
  /** @type {Plan} */
  const plan = await own.build("parcel.plan", parcel, signal);
  const sending = new ChunkSending(plan, [data]);
  if (plan.line) await requests.create(plan.line, [], waiting);
  try {
    await sending.run({
      encrypt: (content) => own.encrypt(content, signal), onProgress,
      put: (object, onBytes) => requests.put({ id, ...object }, { ...waiting, onProgress: onBytes }),
    });
    const finished = await own.build("parcel.finish", { ...parcel, chunks: sending.chunks, most: plan.most }, signal);
    if (plan.line) await requests.finish(id, finished.manifest, waiting);
    else await requests.create(finished.line, [...sending.objects, finished.manifest], waiting);
    onProgress(data.size);
    return id;
  } catch (error) {
    if (plan.line) void requests.end(id);
    throw error;
  }
}
