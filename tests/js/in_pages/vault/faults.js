/** The functions that tests/vault/test_faults.py runs in pages. */

export async function runBatch(requests, options) {
  const outcomes = [];
  for await (const { ok, error } of vault.batch(window.wake(requests), options)) {
    outcomes.push(error ? { error: { code: error.code, message: error.message } } : { ok: window.still(ok) });
  }
  return outcomes;
}

export async function askTheWorker(requests) {
  const { Reserve } = await import("/source/wasm_build/vault/owner/reserve.js");
  const { RuntimeFiles } = await import("/source/wasm_build/vault/owner/assets.js");
  const files = new RuntimeFiles(new URL("/runtime/", location.href), {});
  await files.scripts;
  const reserve = new Reserve(files, false, () => {});
  const cell = await reserve.take();
  const codes = [];
  for (const [id, request] of window.wake(requests).entries()) {
    codes.push(await cell.ask({ id, strict: false, ...request }).then(() => "ok", ({ code }) => code));
  }
  cell.finish();
  reserve.close();
  return codes;
}

export async function largest(encrypting, opening, signing, judging) {
  const content = () => new ArrayBuffer(128_000_000);
  const encrypted = await vault.call("bytes.encrypt", { content: content(), ...window.wake(encrypting) });
  const opened = await vault.call("bytes.decrypt", { ...encrypted, ...window.wake(opening) });
  const signed = await vault.call("bytes.sign", { content: content(), ...window.wake(signing) });
  const judged = await vault.call("bytes.verify", { ...signed, ...window.wake(judging) });
  return [opened.content.byteLength, judged.report.state, judged.content.byteLength];
}

export function fillMemory({ pyodide }) {
  return pyodide.runPython(`
import wasm_build.vault.python.verbs
verbs = wasm_build.vault.python.verbs
async def verify(request, provider):
    held = []
    while True:
        held.append(bytes(2**28))
verbs.VERBS["bytes.verify"] = verbs.Verb(verbs.VERBS["bytes.verify"].request, verify)
`);
}

export async function sharedInPage(args) {
  const shared = window.wake(args);
  const outcomes = [];
  const requests = [shared, shared, window.wake(args)].map((args) => ({ verb: "bytes.encrypt", args }));
  for await (const { error } of vault.batch(requests)) outcomes.push(error?.code ?? "ok");
  return outcomes;
}

export async function sendUnsendableStream(args) {
  const parameters = window.wake(args);
  structuredClone(parameters.recipients[0], { transfer: parameters.recipients });
  const input = new ReadableStream({ cancel: () => { window.cancelled = true; } });
  const { output, reply } = vault.stream("stream.encrypt", parameters, { input });
  const codes = [reply, output.getReader().read()].map((promise) => promise.catch(({ code }) => code));
  return Promise.all(codes);
}

export async function aborted(request) {
  const codes = [];
  const signal = AbortSignal.abort();
  const requests = window.wake(Array(20).fill(request));
  for await (const { error } of vault.batch(requests, { signal })) codes.push(error.code);
  return codes;
}

export async function outcomes(args) {
  const verb = { toString() { throw new Error("mine"); } };
  const requests = [null, { verb, args: {} }, { verb: "bytes.encrypt", args: window.wake(args) }];
  const codes = [];
  for await (const { ok, error } of vault.batch(requests)) codes.push(ok ? "ok" : error.code);
  return codes;
}

export async function streamAfterTheEnd(certificates) {
  const recipients = window.wake(certificates);
  await vault.close();
  const cancelled = new Promise((resolve) => {
    const input = new ReadableStream({ cancel: ({ code }) => resolve(code) });
    const { reply } = vault.stream("stream.encrypt", { form: "cms", recipients }, { input });
    reply.catch(() => {});
  });
  return cancelled;
}

export async function followed(size, recipient) {
  const reports = [];
  const args = { content: new ArrayBuffer(size), recipients: [window.wake(recipient)] };
  await vault.call("bytes.encrypt", args, { onProgress: ({ done, total }) => reports.push([done, total]) });
  return reports;
}

export async function stopped(request) {
  const requests = window.wake(Array(50).fill(request));
  for await (const _ of vault.batch(requests)) break;
  return requests.filter(({ args }) => args.cms.byteLength > 0).length;
}

export async function sendPartOfABuffer() {
  const passphrase = new Uint8Array(64).subarray(32);
  const args = { p12: new ArrayBuffer(9), passphrase, sealKey: window.wake({ secret: "" }) };
  return vault.call("identity.open", args).catch(({ code, message }) => [code, message]);
}

export function sendListsWithHoles() {
  const lists = [new Array(1), [new ArrayBuffer(1), , new ArrayBuffer(1)], new Array(2 ** 32 - 1)];
  const calls = lists.map((recipients) => vault.call("bytes.encrypt", { content: new ArrayBuffer(1), recipients }));
  return Promise.all(calls.map((call) => call.catch(({ message }) => message)));
}

export async function sendTooManyBytes(trust) {
  const cms = new ArrayBuffer(134_217_729);
  const error = await vault.call("bytes.verify", { cms, ...trust }).catch((error) => error);
  return [error.code, error.message, cms.byteLength];
}
