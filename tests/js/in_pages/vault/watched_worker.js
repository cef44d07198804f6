import { serve } from "/source/wasm_build/vault/worker/worker_core.js";
const isEmpty = (memory) => {
  const words = new Uint32Array(memory.buffer);
  for (let at = 0; at < words.length; at++) if (words[at] !== 0) return false;
  return true;
};
const channel = new BroadcastChannel("sealwax test");
const report = (memory) => channel.postMessage({ bytes: memory.buffer.byteLength, empty: isEmpty(memory) });
serve(self, { afterFill: report });
