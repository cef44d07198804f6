// Prints what the Worker's source of a stream gives of a file that changes: "first" or "other" for each reading, or an error's code.
import { openSource } from "../../wasm_build/vault/worker/stream_sources.js";

const BLOCK_BYTES = 1_048_576;
const residue = { keepBuffer: (buffer) => buffer, wipeBuffer: (buffer) => new Uint8Array(buffer).fill(0) };
const content = (letter) => new Uint8Array(2 * BLOCK_BYTES + 5).fill(letter.charCodeAt(0));

class ChangingFile extends Blob {
  now = content("f");

  slice(...range) {
    return new Blob([this.now]).slice(...range);
  }
}

const file = new ChangingFile([content("f")]);
const source = openSource({ source: file, size: file.size }, residue, new Promise(() => {}));
const read = async (position) => {
  try {
    const bytes = await source.read(position);
    if (bytes === null) return "end";
    return `${bytes.length} ${bytes.every((one) => one === 102) ? "first" : "other"}`;
  } catch ({ code }) {
    return code;
  }
};

const first = [await read(0), await read(10), await read(BLOCK_BYTES + 7), await read(2 * BLOCK_BYTES), await read(file.size)];
file.now = content("o");
const changed = [];
for (const position of [0, 10, BLOCK_BYTES + 7, 2 * BLOCK_BYTES]) changed.push(await read(position));
console.log(JSON.stringify([first, changed]));
process.exit();
