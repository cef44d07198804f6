import { serve } from "/source/wasm_build/vault/worker/worker_core.js";
const ASKED = `
import datetime, json, os, random, secrets, time
json.dumps({
    "values": [os.urandom(16).hex(), secrets.token_hex(16), random.random()],
    "clocks": [time.time(), time.time_ns() / 1e9, datetime.datetime.now(datetime.UTC).timestamp()],
    "monotonic": [time.monotonic(), time.perf_counter()],
})`;
const serving = { beforeRequest: async ({ pyodide, startKind }) => {
  const state = JSON.parse(pyodide.runPython(ASKED));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const later = JSON.parse(pyodide.runPython(ASKED));
  const raw = Array.from(crypto.getRandomValues(new Uint8Array(16))).join();
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt"]);
  const generated = new Uint8Array(await crypto.subtle.exportKey("raw", key)).join();
  const values = [...state.values, ...later.values, raw, generated];
  const channel = new BroadcastChannel("sealwax test");
  channel.postMessage({ startKind, told: { ...state, values }, later, now: Date.now() / 1000 });
} };
serve(self, serving);
