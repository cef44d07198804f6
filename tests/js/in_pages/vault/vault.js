/** The functions that tests/vault/test_vault.py runs in pages. */

export async function countStarts(verb, args) {
  const { Worker } = window;
  let started = 0;
  window.Worker = class extends Worker {
    constructor(...parameters) {
      super(...parameters);
      started += 1;
    }
  };
  await vault.ready;
  const reply = await window.call(verb, args);
  const meanwhile = started;
  window.Worker = Worker;
  return [reply.error?.code ?? "ok", meanwhile];
}

export async function aborted(args) {
  const abort = new AbortController();
  const call = vault.call("bytes.verify", window.wake(args), { signal: abort.signal });
  abort.abort();
  return call.catch(({ code }) => code);
}

export function noSecretIsLeftInTheWorkersMemory(needles) {
  window.scans = [];
  window.channel = new BroadcastChannel("sealwax test");
  window.channel.onmessage = ({ data }) => { if (data.moment) window.scans.push(data); };
  window.channel.postMessage({ needles });
}

export async function takesTheCallersBuffersAndReportsItsCleanup(args) {
  const parameters = window.wake(args);
  await vault.call("bytes.verify", parameters).catch(() => {});
  return [parameters.cms.byteLength, parameters.trust.anchors[0].certificate.byteLength];
}
