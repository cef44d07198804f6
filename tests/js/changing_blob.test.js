/** A file that changes while the vault reads it: Python gets no byte that differs from the first reading. */
import assert from "node:assert/strict";
import { test } from "node:test";

import "./support/leave.js";

import { openSource } from "../../wasm_build/vault/worker/stream_sources.js";

const BLOCK_BYTES = 1_048_576;

/** @param {string} letter */
const content = (letter) => new Uint8Array(2 * BLOCK_BYTES + 5).fill(letter.charCodeAt(0));

class ChangingFile extends Blob {
  now = content("f");

  /** @override @param {number} [start] @param {number} [end] */
  slice(start, end) {
    return new Blob([this.now]).slice(start, end);
  }
}

test("a block that has changed since its first reading is refused", async () => {
  const file = new ChangingFile([content("f")]);
  const residue = { keepBuffer: (/** @type {ArrayBuffer} */ buffer) => buffer, wipeBuffer: (/** @type {ArrayBuffer} */ buffer) => new Uint8Array(buffer).fill(0) };
  const source = openSource({ source: file, size: file.size }, /** @type {any} */ (residue), new Promise(() => {}));
  const read = async (/** @type {number} */ position) => {
    const bytes = /** @type {Uint8Array | null} */ (await source.read(position));
    if (bytes === null) return "end";
    return `${bytes.length} ${bytes.every((octet) => octet === 102) ? "first" : "other"}`;
  };
  const first = [];
  for (const position of [0, 10, BLOCK_BYTES + 7, 2 * BLOCK_BYTES, file.size]) first.push(await read(position));
  assert.deepEqual(first, ["1048576 first", "1048566 first", "1048569 first", "5 first", "end"]);
  file.now = content("o");
  for (const position of [0, 10, BLOCK_BYTES + 7, 2 * BLOCK_BYTES]) await assert.rejects(read(position), { code: "input-failed" });
});
