/** The functions that tests/vault/test_aborts.py runs in pages. */

export async function abortAt(verb, args, wanted) {
  const channel = new BroadcastChannel("sealwax await");
  const abort = new AbortController();
  const signal = new Promise((resolve) => { channel.onmessage = ({ data }) => data.ready && resolve(); });
  channel.postMessage({ wanted });
  await signal;
  channel.onmessage = ({ data }) => {
    if (!data.reached) return;
    abort.abort();
    // The Worker gets the cancel, which came before, on another way.
    setTimeout(() => channel.postMessage({ released: true }), 30);
  };
  const reply = vault.call(verb, window.wake(args), { signal: abort.signal });
  const outcome = await reply.then(() => "answered", ({ code }) => code);
  setTimeout(() => channel.close(), 100);
  return outcome;
}
