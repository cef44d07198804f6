/** The functions that tests/extension/any_webmail/test_attacks_addresses.py runs in pages. */

export async function registerInPage() {
  const { serviceWorker } = navigator;
  const controlled = new Promise((done) => { serviceWorker.oncontrollerchange = done; });
  globalThis.worker = await serviceWorker.register("/mail/worker.js");
  await controlled;
}
