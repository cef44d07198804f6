/** The functions that tests/vault/test_rewind.py runs in pages. */

export function listen(patterns) {
  window.rests = [];
  window.channel = new BroadcastChannel("sealwax test");
  window.channel.onmessage = ({ data }) => {
    if (data.rest) window.rests.push(data.rest);
    const octets = window.wake(patterns).map((pattern) => new Uint8Array(pattern));
    if (data.prepared) window.channel.postMessage({ patterns: octets });
    window.collected = data.collected ?? window.collected;
    window.prepared ||= Boolean(data.prepared);
  };
}

export async function slowlyRead(verb, args) {
  const outcomes = [];
  for await (const { ok } of vault.batch([{ verb, args: window.wake(args) }])) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    outcomes.push(Boolean(ok));
    window.other = window.call(verb, args);
    await new Promise((resolve) => setTimeout(resolve));
  }
  return [...outcomes, "ok" in (await window.other)];
}

export async function aborted(verb, args) {
  const abort = new AbortController();
  const call = vault.call(verb, window.wake(args), { signal: abort.signal });
  setTimeout(() => abort.abort(), 5);
  return call.then(() => "answered", ({ code }) => code);
}

export async function late(verb, args) {
  let content;
  window.latestWorker.addEventListener("message", ({ data }) => { content ??= data.ok?.content; });
  const abort = new AbortController();
  const outcome = vault.call(verb, window.wake(args), { signal: abort.signal }).catch(({ code }) => code);
  await new Promise((resolve) => setTimeout(resolve));
  // The page is busy until the answer has come, and then ends the request before it reads the answer.
  for (const begun = performance.now(); performance.now() - begun < 2000;);
  abort.abort();
  const code = await outcome;
  for (let tries = 0; !content && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
  return [code, new Uint8Array(content).length, new Uint8Array(content).some((octet) => octet !== 0)];
}

export async function closed(verb, args) {
  await vault.call(verb, window.wake(args));
  await vault.close();
  return vault.lastCleanup?.bytesZeroed ?? 0;
}

export async function aWorkerInUseEndsWhenWorkersAreRetired(verb, args) {
  const reply = window.call(verb, args);
  await vault.retire();
  return reply;
}
