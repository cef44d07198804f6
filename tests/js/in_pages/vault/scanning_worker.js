import { serve } from "/source/wasm_build/vault/worker/worker_core.js";
const channel = new BroadcastChannel("sealwax test");
let needles = [];
channel.onmessage = ({ data }) => {
  needles = data.needles;
  channel.postMessage({ moment: "armed" });
};
const count = (memory, needle) => {
  const haystack = new Uint8Array(memory.buffer);
  let occurrences = 0;
  for (let at = haystack.indexOf(needle[0]); at >= 0; at = haystack.indexOf(needle[0], at + 1)) {
    if (needle.every((byte, index) => haystack[at + index] === byte)) occurrences++;
  }
  return occurrences;
};
// The owner ends a Worker that cleans up for too long: a method that calls back for each octet would take a second.
const holdsAnything = (memory) => {
  const words = new Uint32Array(memory.buffer);
  for (let at = 0; at < words.length; at++) if (words[at] !== 0) return true;
  return false;
};
const report = (moment) => (memory) => {
  const nonZero = holdsAnything(memory);
  const counts = needles.map((needle) => count(memory, needle));
  channel.postMessage({ moment, bytes: memory.buffer.byteLength, nonZero, counts });
};
serve(self, { afterOperation: report("before"), afterFill: report("after") });
