"""A Worker for the vault that reports which private keys were passed to WebCrypto."""

from __future__ import annotations

from typing import Final

# Reports the private keys that WebCrypto has imported or made since a request began. Earlier keys are of the rehearsal
# at the start, and protect nothing.
WATCHING_WORKER: Final = """
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
"""
LISTEN: Final = """() => {
  window.seen = [];
  new BroadcastChannel("sealwax test").onmessage = ({ data }) => window.seen.push(data.seen);
}"""
