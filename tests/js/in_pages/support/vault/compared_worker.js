import { serve } from "/source/wasm_build/vault/worker/worker_core.js";
import { Image } from "/source/wasm_build/vault/worker/rewind.js";
let doubt = null;
const { restore } = Image.prototype;
Image.prototype.restore = function () {
  try {
    return restore.call(this);
  } catch (error) {
    doubt = String(error);
    throw error;
  }
};
PRELUDE
const channel = new BroadcastChannel("sealwax test");
let pyodide, image = new Uint32Array(0), table, outside, used = 0;
const listOf = (get) => {
  const all = [];
  for (let index = 1; ; index++) {
    try { all.push(get(index)); } catch { return all; }
  }
};
const filesBelow = (node, path) => {
  const here = `${path}/${node.name} ${node.mode} ${node.usedBytes ?? 0} ${Number(node.mtime)}`;
  const inside = node.contents?.constructor === Object ? Object.values(node.contents) : [];
  return [here, ...inside.flatMap((child) => filesBelow(child, `${path}/${node.name}`))];
};
const lookOutside = () => {
  const { FS, _module } = pyodide;
  return JSON.stringify({
    references: _module._hiwire_num_refs(),
    interned: listOf(_module.__hiwire_immortal_get).length,
    open: FS.streams.filter(Boolean).map(({ fd, path }) => `${fd} ${path}`),
    files: filesBelow(FS.lookupPath("/").node, ""),
  });
};
const altered = (memory, step = 1) => {
  const now = new Uint32Array(memory.buffer);
  let count = 0, word = 0;
  for (; word < image.length; word += step) if (now[word] !== image[word]) count++;
  for (; word < now.length; word += step) if (now[word] !== 0) count++;
  return count;
};
const report = (findings) => {
  channel.postMessage({ report: { ...findings, doubt, used, extra: globalThis.extra?.() } });
  used = 0;
};
serve(self, {
  imaged: (python) => {
    pyodide = python.pyodide;
    image = new Uint32Array(python.memory.buffer.slice(0));
    table = listOf(pyodide._module.__hiwire_get);
    outside = lookOutside();
  },
  prepared: () => { channel.onmessage = ({ data }) => { if (data.ask) channel.postMessage({ prepared: true }); }; },
  beforeRequest: (python) => BEFORE_REQUEST(python),
  // A Worker that is used before it has its image is compared with zeros.
  afterOperation: (memory) => { used = Math.max(used, altered(memory, 16)); },
  afterRewind: (memory) => {
    const now = listOf(pyodide._module.__hiwire_get);
    const others = now.filter((entry, index) => entry !== (table[index] ?? null)).length;
    report({ ended: false, altered: altered(memory), others, outside: lookOutside() === outside });
  },
  afterFill: (memory) => {
    const left = new Uint32Array(memory.buffer).reduce((count, word) => count + (word !== 0 ? 1 : 0), 0);
    report({ ended: true, altered: left, others: 0, outside: true });
  },
});
