/** The functions that tests/pages/test_passkey.py runs in pages. */

export function beforeThePage() {
  globalThis.outputs = [];
  // The empty page before the first is no secure context.
  if (!globalThis.PublicKeyCredential) return;
  const results = PublicKeyCredential.prototype.getClientExtensionResults;
  PublicKeyCredential.prototype.getClientExtensionResults = function () {
    const all = results.call(this);
    const { first } = all.prf?.results ?? {};
    if (first) outputs.push({ buffer: first, octets: Array.from(new Uint8Array(first)) });
    return all;
  };
}

export async function keptPasskeys() {
  const done = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const database = await done(indexedDB.open("sealwax"));
  const count = await done(database.transaction("passkeys").objectStore("passkeys").count());
  database.close();
  return count;
}

export function aPersonWhoRefusesTheDeviceIsToldWhatToDo() {
  const { get } = CredentialsContainer.prototype;
  CredentialsContainer.prototype.get = async function () {
    CredentialsContainer.prototype.get = get;
    throw new DOMException("not allowed", "NotAllowedError");
  };
}

export async function anAlteredBundleIsRefusedInWords() {
  const done = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const database = await done(indexedDB.open("sealwax"));
  const passkeys = database.transaction("passkeys", "readwrite").objectStore("passkeys");
  const [record] = await done(passkeys.getAll());
  const bundle = JSON.parse(new TextDecoder().decode(record.bundle));
  bundle.bundle_id = "0".repeat(32);
  record.bundle = new TextEncoder().encode(JSON.stringify(bundle)).buffer;
  await done(passkeys.put(record));
  database.close();
}

export function aRefusedOfferSaysSoAndStays() {
  const { create } = CredentialsContainer.prototype;
  CredentialsContainer.prototype.create = async function () {
    CredentialsContainer.prototype.create = create;
    throw new DOMException("not allowed", "NotAllowedError");
  };
}
