/** The functions that tests/vault/test_webkit.py runs in pages. */

export function lacking() {
  return ({
    jspi: "Suspending" in WebAssembly,
    privateFileSystem: Boolean(navigator.storage?.getDirectory),
    deviceMemory: "deviceMemory" in navigator,
    byteStreams: (() => {
      try { return Boolean(new ReadableStream({ type: "bytes" })); } catch { return false; }
    })(),
  });
}
