/**
 * Packs bytes, given in hex, and restores them. Prints the packed and the restored bytes in hex, or the name of the
 * error. The second argument is the number of bytes to cut off the packed bytes before they are restored.
 */

import { dropZeroPages, restoreZeroPages } from "../../wasm_build/vault/worker/zero_pages.js";

const [hex, cut = "0"] = process.argv.slice(2);
const packed = dropZeroPages(new Uint8Array(Buffer.from(hex, "hex")));
try {
  const restored = restoreZeroPages(packed.subarray(0, packed.length - Number(cut)));
  console.log(`${Buffer.from(packed).toString("hex")}\n${Buffer.from(restored).toString("hex")}`);
} catch (error) {
  console.log(error.name);
}
