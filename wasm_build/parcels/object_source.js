/**
 * Reads an object of a parcel into one buffer. After a lost connection, the reading goes on at the same byte.
 *
 * The caller knows the size from the manifest. An object of another size is an error. The caller checks the hash of the bytes, so
 * the server cannot mix two objects unnoticed.
 */

import { giveBackReceived } from "../vault/memory/cleanup.js";
import { ApiError } from "../vault/server/json_requests.js";
import { isPassing, pauseUntilOnline } from "./online_pause.js";

/** @typedef {(name: string, from: number, signal: AbortSignal) => Promise<Response>} AskObject */
/** @typedef {import("./online_pause.js").Pause} Pause */
/**
 * @typedef {{
 *   onProgress?: (bytes: number) => void, onLost?: (isLost: boolean) => void, maxTries?: number, pause?: Pause,
 * }} ReadingOptions `onProgress` gets the number of bytes of this object that have come, which becomes smaller if the object is
 * sent again; after `maxTries` requests without progress the reading rejects with the last error
 */

/** The new bytes that count as progress. With fewer, a server that sends single bytes would be asked forever. */
const PROGRESS_BYTES = 16_384;
const FIRST_PAUSE_MILLISECONDS = 1_000;
const LONGEST_PAUSE_MILLISECONDS = 30_000;
const CONTENT_RANGE = /^bytes (\d+)-\d+\/(\d+|\*)$/u;

/**
 * Rejects with `parcel-cut` or `parcel-damaged` for an object of another size.
 * @param {AskObject} ask
 * @param {{name: string, bytes: number, signal: AbortSignal}} object
 * @param {ReadingOptions} [options]
 * @returns {Promise<ArrayBuffer>}
 */
export async function readObject(ask, { name, bytes, signal }, options = {}) {
  const { onProgress = () => {}, onLost = () => {}, maxTries = Infinity, pause = pauseUntilOnline } = options;
  const target = new Uint8Array(new ArrayBuffer(bytes));
  let [have, noted, tries, isLost] = [0, 0, 0, false];
  const take = (/** @type {Uint8Array<ArrayBuffer>} */ piece) => {
    const { length } = piece;
    if (have + length > bytes) throw new ApiError("parcel-damaged", `object ${name} is longer than the manifest says`);
    target.set(piece, have);
    // Frees the buffer now. Otherwise the pieces of several chunks would stay in memory until garbage collection.
    giveBackReceived(piece.buffer);
    have += length;
    if (isLost) onLost(false);
    isLost = false;
    if (have >= noted + PROGRESS_BYTES) [noted, tries] = [have, 0];
    onProgress(have);
  };
  while (have < bytes) {
    try {
      const response = await ask(name, have, signal);
      const { from, total } = placeOf(response);
      if (total !== null && total !== bytes) throw wrongSize(name, total, bytes);
      // A server without ranges sends the whole object again.
      if (from !== have && from !== 0) throw new ApiError("parcel-damaged", `object ${name} came from another place on`);
      have = from;
      for await (const piece of piecesOf(response)) take(piece);
      if (have < bytes) throw wrongSize(name, have, bytes);
    } catch (error) {
      signal.throwIfAborted();
      tries += 1;
      if (!isPassing(error) || tries >= maxTries) throw error;
      isLost = true;
      onLost(true);
      await pause(Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** (tries - 1), LONGEST_PAUSE_MILLISECONDS), signal);
    }
  }
  return target.buffer;
}

/** The place of a response's first byte, and the size of the whole object; null if the server does not say. @param {Response} response */
function placeOf({ status, headers }) {
  const length = headers.get("Content-Length");
  // The browser has decoded a content encoding, so the length in the header is not that of the object.
  const isPlain = headers.get("Content-Encoding") === null;
  if (status !== 206) return { from: 0, total: length === null || !isPlain ? null : Number(length) };
  const [, first = "-1", total = "*"] = CONTENT_RANGE.exec(headers.get("Content-Range") ?? "") ?? [];
  return { from: Number(first), total: total === "*" ? null : Number(total) };
}

/** @param {Response} response @returns {AsyncGenerator<Uint8Array<ArrayBuffer>, void>} rejects with `unreachable` if the connection ends */
async function* piecesOf({ body }) {
  const reader = body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { value, done } = await reader.read().catch((error) => {
        throw new ApiError("unreachable", String(error));
      });
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/** @param {string} name @param {number} size @param {number} expected */
function wrongSize(name, size, expected) {
  const text = `object ${name} has ${size} bytes, the manifest says ${expected}`;
  return new ApiError(size < expected ? "parcel-cut" : "parcel-damaged", text);
}
