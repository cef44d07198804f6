/** The requests about the files that a person keeps. The bridge gets ciphertext only. */

import { ApiError, JSON_TYPE, readAtMost, readJson, request } from "../../../wasm_build/vault/server/json_requests.js";
import { ParcelUploads } from "../../../wasm_build/parcels/parcel_uploads.js";

/** @typedef {import("../../../wasm_build/parcels/parcel_uploads.js").Waiting} Waiting */
/** @typedef {(path: string, options: RequestInit & {headers?: Record<string, string>}) => Promise<Response>} Ask */
/** @typedef {{version: number, objects: number[], manifest: number, used: number, quota: number}} IndexLine */

const PATH = "/api/files";
/** The same limits as in the bridge's `webbridge.delivery.limits`. */
const MAX_INDEX_BYTES = 8 * 1024 * 1024;
const MAX_MANIFEST_BYTES = 17 * 1024 * 1024;
const MAX_LINE_BYTES = 64 * 1024;
const LINE_END = 10;

export class FileRequests {
  #ask;
  #uploads;

  /** @param {Ask} ask sends a request in the name of the account */
  constructor(ask) {
    this.#ask = ask;
    this.#uploads = new ParcelUploads(ask, { language: "", place: PATH });
  }

  /**
   * The line about the index, and the bytes of the index's objects in their order.
   * @returns {Promise<{line: IndexLine, bytes: Uint8Array}>}
   */
  async index() {
    const all = new Uint8Array(await readAtMost(await this.#ask(`${PATH}/index`, {}), MAX_INDEX_BYTES + MAX_LINE_BYTES));
    const end = all.indexOf(LINE_END);
    return { line: readLine(new TextDecoder().decode(all.subarray(0, Math.max(0, end)))), bytes: all.subarray(end + 1) };
  }

  /**
   * Stores the next version of the index. Rejects with `index-changed` if the stored version is not the one before.
   * @param {{version: number, chunks: ArrayBuffer[], manifest: ArrayBuffer, kept: string[], deleted: string[]}} index
   * @returns {Promise<IndexLine>}
   */
  async storeIndex({ version, chunks, manifest, kept, deleted }) {
    const objects = chunks.map(({ byteLength }) => byteLength);
    const line = JSON.stringify({ version, objects, manifest: manifest.byteLength, kept, deleted });
    const body = new Blob([`${line}\n`, ...chunks, manifest]);
    return readJson(await this.#ask(`${PATH}/index`, { method: "PUT", headers: JSON_TYPE, body }));
  }

  /**
   * Announces a file, with all its objects if they are sent in one request.
   * @param {ArrayBuffer} line
   * @param {ArrayBuffer[]} objects
   * @param {Waiting} waiting
   */
  async create(line, objects, waiting) {
    await this.#uploads.create(line, objects, waiting);
  }

  /** @param {{id: string, name: string, data: ArrayBuffer}} object @param {Waiting & {onProgress?: (bytes: number) => void}} waiting */
  put(object, waiting) {
    return this.#uploads.put(object, waiting);
  }

  /** @param {string} id @param {ArrayBuffer} manifest @param {Waiting} waiting */
  async finish(id, manifest, waiting) {
    await this.#uploads.patiently(waiting, () => this.#uploads.finish(`${id}/finish`, manifest, waiting.signal));
  }

  /**
   * Deletes the uploaded bytes of a file that no index names. If this fails, the bridge deletes them after a day.
   * @param {string} id
   */
  async end(id) {
    await this.#ask(`${PATH}/${id}`, { method: "DELETE" }).catch(() => undefined);
  }

  /**
   * The manifest of a file. It is requested again if no answer comes, because WebKit makes no requests while a download
   * begins.
   * @param {string} id @param {Waiting} waiting @returns {Promise<ArrayBuffer>}
   */
  manifest(id, waiting) {
    return this.#uploads.patiently(waiting, async () =>
      readAtMost(await this.object(id, "manifest", 0, waiting.signal), MAX_MANIFEST_BYTES));
  }

  /**
   * The bytes of an object, from `from` on, from the bridge or the store that it names.
   * @param {string} id @param {string} name @param {number} from @param {AbortSignal} signal
   * @returns {Promise<Response>}
   */
  async object(id, name, from, signal) {
    /** @type {Record<string, string>} */
    const headers = from > 0 ? { Range: `bytes=${from}-` } : {};
    try {
      const response = await this.#ask(`${PATH}/${id}/bytes/${name}`, { headers, signal });
      if (!response.headers.get("Content-Type")?.startsWith("application/json")) return response;
      const { url } = await readJson(response);
      return await request(url, { headers, signal, credentials: "omit" });
    } catch (error) {
      const { status } = /** @type {{status?: number}} */ (error);
      // The index names the file, so the bridge has lost at least a part of the file.
      throw status === 404 || status === 416 ? new ApiError("parcel-cut", String(error)) : error;
    }
  }
}

/** @param {string} text @returns {IndexLine} */
function readLine(text) {
  try {
    const line = JSON.parse(text);
    const areSizes = Array.isArray(line.objects) && [line.version, line.manifest, ...line.objects].every(Number.isSafeInteger);
    if (areSizes) return line;
  } catch {
    // The error for such an answer is thrown below.
  }
  throw new ApiError("server-error", "no line about the index came");
}
