import { serve } from "/source/wasm_build/vault/worker/worker_core.js";
const memories = new Set();
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (source, imports) => {
  const made = await instantiate(source, imports);
  const { memory } = (made.instance ?? made).exports;
  if (memory) memories.add(memory);
  return made;
};
const channel = new BroadcastChannel("sealwax test");
const holds = (memory) => new Uint32Array(memory.buffer).some((word) => word !== 0);
const report = (moment) => () => channel.postMessage({ moment, holding: Array.from(memories, holds) });
serve(self, { afterOperation: report("before"), afterFill: report("after") });
