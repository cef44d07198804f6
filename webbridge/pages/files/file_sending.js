/**
 * Encrypts a file chunk by chunk and uploads it. At most three chunks are in memory, whatever the size of the file.
 *
 * The file is a parcel to oneself: its manifest has its name, so that it can be read without the index too.
 */

import { base64urlFromBytes } from "../../../wasm_build/parcels/base64url.js";
import { chunkLengths } from "../../../wasm_build/parcels/chunk_plan.js";
import { readChunk } from "../../../wasm_build/parcels/readable.js";

/** @typedef {import("../../../wasm_build/parcels/parcel_uploads.js").Waiting} Waiting */
/** @typedef {import("../../../wasm_build/parcels/readable.js").Readable} Readable */
/** @typedef {{cms: ArrayBuffer, chunk: import("../../../wasm_build/parcels/chunk_plan.js").Chunk}} Encrypted */
/** @typedef {{own: import("./own_keys.js").OwnKeys, requests: import("./file_requests.js").FileRequests, wholeBytes: number}} Parts */

const ID_BYTES = 16;
/** The signature with its certificates, and the envelope. What is not used is not stored. */
const MANIFEST_BYTES = 128 * 1024;
/** A chunk in the manifest has 64 hexadecimal digits, two sizes, and the names of the members. */
const ENTRY_BYTES = 256;

/**
 * Resolves with the id of the uploaded file, which is kept when an index names it. What was uploaded is deleted after an error.
 * @param {{name: string, data: Readable}} file
 * @param {Parts} parts
 * @param {Waiting & {onProgress: (bytes: number) => void}} options `onProgress` gets the bytes of the file that the bridge has
 * @returns {Promise<string>}
 */
export async function sendFile({ name, data }, { own, requests, wholeBytes }, { onProgress, ...waiting }) {
  const { signal } = waiting;
  const id = base64urlFromBytes(crypto.getRandomValues(new Uint8Array(ID_BYTES)).buffer);
  const lengths = chunkLengths(data.size);
  const encrypt = async (/** @type {number} */ index) => own.encrypt(await readChunk(data, index), signal);
  const sign = (/** @type {Encrypted["chunk"][]} */ chunks) => own.sign(id, { name, sizeBytes: data.size, chunks }, signal);
  if (data.size <= wholeBytes / 2) {
    const encrypted = lengths.length > 0 ? [await encrypt(0)] : [];
    const manifest = await sign(encrypted.map(({ chunk }) => chunk));
    const objects = encrypted.map(({ cms }) => cms);
    const line = { id, objects: objects.map(({ byteLength }) => byteLength), manifest: manifest.byteLength, whole: true };
    await requests.create(JSON.stringify(line), [...objects, manifest], waiting);
    onProgress(data.size);
    return id;
  }
  // The sizes are announced before anything is uploaded. All chunks but the last one have the size of the first.
  const first = await encrypt(0);
  const last = lengths.length > 1 ? await encrypt(lengths.length - 1) : first;
  const objects = lengths.map((_, index) => (index < lengths.length - 1 ? first : last).cms.byteLength);
  const manifestBytes = MANIFEST_BYTES + ENTRY_BYTES * objects.length;
  await requests.create(JSON.stringify({ id, objects, manifest: manifestBytes }), [], waiting);
  try {
    /** @type {Encrypted["chunk"][]} */
    const chunks = [];
    let done = 0;
    for (const [index, length] of lengths.entries()) {
      const { cms, chunk } = index === 0 ? first : index === lengths.length - 1 ? last : await encrypt(index);
      const before = done;
      const share = (/** @type {number} */ bytes) => onProgress(before + Math.floor(length * bytes / cms.byteLength));
      await requests.put({ id, name: String(index), data: cms }, { ...waiting, onProgress: share });
      chunks.push(chunk);
      done += length;
    }
    await requests.finish(id, await sign(chunks), waiting);
    return id;
  } catch (error) {
    void requests.end(id);
    throw error;
  }
}
