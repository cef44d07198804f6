/** The names of a letter's files in its parcel: each is one that the format allows, and none is that of another file. */
import assert from "node:assert/strict";

import { parcelFiles } from "../../../wasm_build/parcels/letter_files.js";
import { testWith } from "./vectors.js";

testWith("no two files of a letter have one name", ({ lists, folded, refused, maxBytes }) => {
  const unwanted = new Set(refused);
  // The key by which the format compares names (`smime_core.parcels.manifest`).
  const keyOf = (/** @type {string} */ name) => [...name.normalize("NFC")].map((letter) => folded[letter] ?? letter).join("");
  for (const attached of /** @type {string[][]} */ (lists)) {
    const files = attached.map((name) => ({ name, data: /** @type {any} */ (null) }));
    const names = parcelFiles(new ArrayBuffer(1), files, "unnamed").map(({ name }) => name);
    assert.equal(new Set(names.map(keyOf)).size, attached.length + 1, names.join());
    for (const name of names) {
      assert.ok(!["", ".", ".."].includes(name) && Buffer.byteLength(name) <= maxBytes, name);
      assert.ok(![...name].some((letter) => unwanted.has(letter)), name);
    }
  }
});
