/** The packed form of the snapshot: memory without its pages of zeros. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { dropZeroPages, restoreZeroPages } from "../../wasm_build/vault/worker/zero_pages.js";

const PAGE = 4096;

/** Bytes of which each run has a length and a value. @param {[number, number][]} runs */
function memoryOf(...runs) {
  return new Uint8Array(runs.flatMap(([length, value]) => Array(length).fill(value)));
}

test("memory is restored exactly and zero pages take no room", () => {
  /** @type {[Uint8Array<ArrayBuffer>, number][]} */
  const memories = [
    [memoryOf(), 0],
    [memoryOf([PAGE, 0]), 0],
    [memoryOf([PAGE, 7]), PAGE],
    [memoryOf([PAGE, 0], [PAGE, 7], [PAGE, 0]), PAGE],
    [memoryOf([PAGE, 7], [9 * PAGE, 0], [1, 1], [9, 0]), PAGE + 10],
    [memoryOf([PAGE - 1, 0], [1, 1], [5, 0]), PAGE],
  ];
  for (const [memory, keptBytes] of memories) {
    const packed = dropZeroPages(memory);
    assert.deepEqual(new Uint8Array(restoreZeroPages(packed)), memory);
    assert.equal(packed.length, 4 + Math.ceil(Math.ceil(memory.length / PAGE) / 8) + keptBytes);
  }
});

test("a page that is missing is refused", () => {
  const packed = dropZeroPages(memoryOf([2 * PAGE, 7]));
  assert.throws(() => restoreZeroPages(packed.subarray(0, -1)), RangeError);
});
