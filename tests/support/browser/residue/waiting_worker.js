/** The vault's Worker, which holds its answer back until the test has looked at what stands in memory meanwhile. */

import { serve } from "../../../../wasm_build/vault/worker/worker_core.js";

const channel = new BroadcastChannel("sealwax residue");
/** The messages of the Worker, in order. @type {Promise<unknown>} */
let said = Promise.resolve();

const scope = {
  /** @param {any} message @param {Transferable[]} [transfer] */
  postMessage: (message, transfer = []) => {
    if (message.ok !== undefined || message.error !== undefined) said = said.then(askToGoOn);
    said = said.then(() => self.postMessage(message, transfer));
  },
  close: () => { said = said.then(() => self.close()); },
  /** @type {((event: MessageEvent) => void) | null} */
  onmessage: null,
};

/** Every Worker hears the test; one that has nothing to answer yet does not listen. */
function askToGoOn() {
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => { if (data === "go on") resolve(undefined); };
    channel.postMessage("answered");
  });
}

self.onmessage = (event) => scope.onmessage?.(event);
serve(/** @type {any} */ (scope), { afterOperation: async () => { await said; } });
