/** The vault's Worker, which delays its answer until the test has searched the memory for secrets. */

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

/**
 * Waits until the test lets this answer go on. A busy Worker may get the message for the Worker before it only now,
 * so each answer has a name.
 */
function askToGoOn() {
  const answered = crypto.randomUUID();
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => { if (data.goOn === answered) resolve(undefined); };
    channel.postMessage({ answered });
  });
}

self.onmessage = (event) => scope.onmessage?.(event);
serve(/** @type {any} */ (scope), {
  prepared: () => channel.postMessage("prepared"),
  afterOperation: async () => { await said; },
});
