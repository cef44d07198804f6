/** The sending of a plan's chunks, one after the other. Each is encrypted, and uploaded at once if the sizes were announced. */

import { readChunk } from "./readable.js";

/** @typedef {import("./chunk_plan.js").Chunk} Chunk */
/** @typedef {import("./chunk_plan.js").Plan} Plan */
/** @typedef {import("./readable.js").Readable} Readable */
/** @typedef {{cms: ArrayBuffer, chunk: Chunk}} Encrypted */
/**
 * `encrypt` takes the content of a chunk, `put` uploads an object, and `onProgress` gets the bytes of content that the bridge has.
 * @typedef {{
 *   encrypt: (content: ArrayBuffer) => Promise<Encrypted>, onProgress: (bytes: number) => void,
 *   put: (object: {name: string, data: ArrayBuffer}, onProgress: (bytes: number) => void) => Promise<void>,
 * }} Way
 */

export class ChunkSending {
  #plan;
  #files;
  /** The encrypted chunks. The bridge already has them, unless the parcel goes in one request. @type {Chunk[]} */
  #chunks = [];
  /** The encrypted chunk that is being uploaded. @type {Encrypted | null} */
  #pending = null;
  /** The objects of a parcel that goes in one request. @type {ArrayBuffer[]} */
  objects = [];

  /** @param {Plan} plan @param {Readable[]} files in the order of the plan */
  constructor(plan, files) {
    this.#plan = plan;
    this.#files = files;
  }

  /** The encrypted chunks as the manifest describes them. @returns {Chunk[]} copies */
  get chunks() {
    return this.#chunks.map((chunk) => ({ ...chunk }));
  }

  /** Sends the chunks. A call after an error goes on where the last call stopped. @param {Way} way */
  async run({ encrypt, put, onProgress }) {
    const { chunks, line } = this.#plan;
    let done = this.#chunks.reduce((sum, { contentBytes }) => sum + contentBytes, 0);
    for (const place of chunks.slice(this.#chunks.length)) {
      if (line) onProgress(done);
      const data = /** @type {Readable} */ (this.#files[place.file]);
      this.#pending ??= await encrypt(await readChunk(data, place));
      const { cms, chunk } = this.#pending;
      const before = done;
      const share = (/** @type {number} */ bytes) => onProgress(before + Math.floor(chunk.contentBytes * bytes / cms.byteLength));
      if (line) await put({ name: String(this.#chunks.length), data: cms }, share);
      else this.objects.push(cms);
      this.#chunks.push(chunk);
      this.#pending = null;
      done += chunk.contentBytes;
    }
    if (line) onProgress(done);
  }
}
