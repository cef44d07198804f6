import { serve } from "/source/wasm_build/vault/worker/worker_core.js";
const channel = new BroadcastChannel("sealwax test");
let first = null, patterns = [], before = [];
channel.onmessage = ({ data }) => { patterns = data.patterns ?? patterns; };
const holds = (memory, pattern) => {
  const all = new Uint8Array(memory.buffer);
  for (let at = all.indexOf(pattern[0]); at >= 0; at = all.indexOf(pattern[0], at + 1)) {
    let length = 1;
    while (length < pattern.length && all[at + length] === pattern[length]) length++;
    if (length === pattern.length) return true;
  }
  return false;
};
const search = (memory) => patterns.map((pattern) => holds(memory, pattern));
const countAltered = (now) => {
  let altered = 0;
  for (let word = 0; word < now.length; word++) if (now[word] !== first[word]) altered++;
  return altered;
};
serve(self, {
  prepared: () => setTimeout(() => channel.postMessage({ prepared: true }), 200),
  afterOperation: (memory) => { before = search(memory); },
  afterRewind: (memory) => {
    const now = new Uint32Array(memory.buffer);
    first ??= now.slice();
    channel.postMessage({ rest: { altered: countAltered(now), before, after: search(memory), bytes: now.byteLength } });
  },
});
