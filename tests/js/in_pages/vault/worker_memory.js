/** The functions that tests/vault/test_worker_memory.py runs in pages. */

export async function stopped(verb, args) {
  const abort = new AbortController();
  const call = vault.call(verb, window.wake(args), { signal: abort.signal });
  setTimeout(() => abort.abort(), 5);
  return call.then(() => "answered", ({ code }) => code);
}

export async function stoppedAtWork(args) {
  const abort = new AbortController();
  const channel = new BroadcastChannel("sealwax test");
  channel.onmessage = ({ data: { kind, calls } }) => {
    if (kind === "begun") abort.abort();
    else window.calls = calls;
  };
  const call = vault.call("identity.open", window.wake(args), { signal: abort.signal });
  return call.then(() => "answered", ({ code }) => code);
}

export function listen() {
  window.reports = {};
  const channel = new BroadcastChannel("sealwax test");
  channel.onmessage = ({ data: { moment, holding } }) => { window.reports[moment] = holding; };
}

export async function batchInPage(requests) {
  let answers = 0;
  for await (const _ of vault.batch(window.wake(requests))) answers += 1;
  return answers;
}
