import { serve } from "/source/wasm_build/vault/worker/worker_core.js";
const channel = new BroadcastChannel("sealwax test");
const living = new Set();
const registry = new FinalizationRegistry((number) => living.delete(number));
const importKey = crypto.subtle.importKey.bind(crypto.subtle);
let latest = 0, ofOperation = [];
const value = async (...parameters) => {
  const key = await importKey(...parameters);
  if (key.type === "public") return key;
  living.add(++latest);
  registry.register(key, latest);
  return key;
};
Object.defineProperty(crypto.subtle, "importKey", { value, configurable: true });
serve(self, {
  prepared: () => {
    living.clear();
    setTimeout(() => channel.postMessage({ prepared: true }), 200);
  },
  // The rinse imports keys too, so the keys are noted before it.
  afterOperation: () => { ofOperation = [...living]; },
  afterRewind: () => channel.postMessage({ rest: {} }),
  // The browser tells each registry in a task of its own, so this one may hear of the same collection a little later.
  collected: () => setTimeout(() => {
    const left = ofOperation.filter((number) => living.has(number)).length;
    channel.postMessage({ collected: { imported: ofOperation.length, left } });
  }, 20),
});
