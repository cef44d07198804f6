/**
 * Saves a file of a parcel chunk by chunk. A file that fails half-way is never left under its final name.
 *
 * A small file is saved from memory. A larger file is written where the person chooses (File System Access), or goes through a
 * service worker to the browser's downloads. The browser's own storage never has the plaintext, because the private file system
 * and large Blobs would leave it in the profile.
 */

import { saveFile } from "../ui/attachments.js";
import { giveBackReceived, overwrite } from "../vault/memory/cleanup.js";
import { ApiError } from "../vault/server/json_requests.js";
import { CHUNK_BYTES } from "./chunk_plan.js";

/** @typedef {{name: string, bytes: number}} FileToSave `name` is safe for a file system */
/** @typedef {(chunks: AsyncGenerator<ArrayBuffer, void>, signal: AbortSignal) => Promise<void>} Save reads all chunks and overwrites each */
/** @typedef {{kind: "memory" | "chosen" | "downloads", save: Save}} Way `chosen`: the person has chosen the place */
/** @typedef {{showSaveFilePicker?: (options: object) => Promise<FileSystemFileHandle>}} Picking */

/** Browsers may write larger Blobs to the disk. */
export const MAX_BLOB_BYTES = 64 * 1024 * 1024;
/** A file up to this size is saved from memory, so it appears in the downloads at once. */
const MAX_MEMORY_BYTES = CHUNK_BYTES;

/**
 * Finds the way to save a file. To be called in the person's click, because it may open a dialog.
 * @param {FileToSave} file
 * @param {{byWorker: ((file: FileToSave) => Promise<Save>) | null, picking?: Picking}} ways `byWorker` saves through a service worker; null
 *   where none may run
 * @returns {Promise<Way | null>} null if the person has closed the dialog; rejects with `parcel-save-refused` if this browser
 *   cannot save a file of this size
 */
export async function chooseWay(file, { byWorker, picking = /** @type {Picking} */ (globalThis) }) {
  if (file.bytes <= MAX_MEMORY_BYTES) return { kind: "memory", save: saveFromMemory(file) };
  if (picking.showSaveFilePicker) {
    const handle = await pick(picking, file.name);
    return handle && { kind: "chosen", save: saveToHandle(handle) };
  }
  const save = await byWorker?.(file).catch(() => null);
  if (save) return { kind: "downloads", save };
  if (file.bytes <= MAX_BLOB_BYTES) return { kind: "memory", save: saveFromMemory(file) };
  throw new ApiError("parcel-save-refused", `this browser window saves files of at most ${MAX_BLOB_BYTES} bytes`);
}

/** @param {Picking} picking @param {string} name @returns {Promise<FileSystemFileHandle | null>} */
async function pick(picking, name) {
  try {
    return await /** @type {Required<Picking>} */ (picking).showSaveFilePicker({ suggestedName: name });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null;
    throw refused(error);
  }
}

/** @param {FileToSave} file @returns {Save} */
function saveFromMemory({ name }) {
  return async (chunks, signal) => {
    /** @type {ArrayBuffer[]} */
    const parts = [];
    try {
      for await (const chunk of chunks) parts.push(chunk);
      signal.throwIfAborted();
      saveFile(name, ...parts);
    } finally {
      parts.forEach(overwrite);
    }
  };
}

/**
 * The browser writes into a temporary file beside the final file. `close` replaces the final file with it, and `abort`
 * deletes it.
 * @param {FileSystemFileHandle} handle
 * @returns {Save}
 */
function saveToHandle(handle) {
  return async (chunks, signal) => {
    const writable = await handle.createWritable().catch((error) => { throw refused(error); });
    try {
      for await (const chunk of chunks) {
        await writable.write(chunk).catch((error) => { throw refused(error); });
        overwrite(chunk);
        giveBackReceived(chunk);
        signal.throwIfAborted();
      }
    } catch (error) {
      await writable.abort().catch(() => {});
      throw error;
    }
    await writable.close().catch((error) => { throw refused(error); });
  };
}

/** @param {unknown} error */
function refused(error) {
  const { name, message } = /** @type {Error} */ (error);
  return new ApiError(name === "QuotaExceededError" ? "parcel-disk-full" : "parcel-place-refused", message);
}
