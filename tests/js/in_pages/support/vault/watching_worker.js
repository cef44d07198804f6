import { serve } from "/source/wasm_build/vault/worker/worker_core.js";
const channel = new BroadcastChannel("sealwax test");
let seen = [];
for (const name of ["importKey", "unwrapKey", "generateKey"]) {
  const real = SubtleCrypto.prototype[name];
  SubtleCrypto.prototype[name] = function (...args) {
    const holdsNoKeyPair = name === "generateKey" ? args[0].name.startsWith("AES")
      : ["raw", "raw-secret", "spki"].includes(args[0]);
    if (!holdsNoKeyPair) seen.push(`${name} ${name === "generateKey" ? args[0].name : args[0]}`);
    return real.apply(this, args);
  };
}
serve(self, { beforeRequest: () => { seen = []; }, afterOperation: () => channel.postMessage({ seen }) });
