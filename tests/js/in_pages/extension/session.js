/** The functions that tests/extension/test_session.py runs in pages. */

export async function encrypted() {
  const done = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const database = await done(indexedDB.open("sealwax"));
  const count = await done(database.transaction("sealed").objectStore("sealed").count());
  database.close();
  return count;
}

export async function importNow(file, passphrase) {
  const { askWithSecrets } = await import("/source/browser_ext/shared/request.js");
  const octets = new TextEncoder().encode(passphrase);
  const buffer = new ArrayBuffer(4096);
  new Uint8Array(buffer).set(octets);
  const p12 = Uint8Array.from(atob(file), (character) => character.charCodeAt(0)).buffer;
  const secrets = { passphrase: { buffer, length: octets.length } };
  globalThis.imported = askWithSecrets("keys.import", { name: "keys.p12", p12 }, secrets)
    .then(() => "imported", ({ code }) => code);
}

export async function askThroughLocks(rounds) {
  const { ask } = await import("/source/browser_ext/shared/request.js");
  const outcomes = new Set();
  const note = (request) => request.then(() => outcomes.add("answered"), ({ code }) => outcomes.add(code));
  for (let round = 0; round < rounds; round += 1) {
    await ask("vault.key");
    const requests = [];
    let locked = false;
    const locking = ask("session.lock").finally(() => { locked = true; });
    while (!locked) {
      requests.push(note(ask("vault.key")));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all([locking, ...requests]);
  }
  return [...outcomes];
}
