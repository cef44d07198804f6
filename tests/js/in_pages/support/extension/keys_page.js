/** The functions that tests/support/extension/keys_page.py runs in pages. */

export function catchNow() {
  globalThis.saved = [];
  const blobs = new Map();
  const { createObjectURL } = URL;
  URL.createObjectURL = (blob) => {
    const href = createObjectURL.call(URL, blob);
    blobs.set(href, blob);
    return href;
  };
  HTMLAnchorElement.prototype.click = function () {
    const { download, href } = this;
    globalThis.saved.push(blobs.get(href).arrayBuffer().then((octets) => [download,
      btoa(Array.from(new Uint8Array(octets), (byte) => String.fromCharCode(byte)).join(""))]));
  };
}

export async function keptInPage() {
  const done = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const database = await done(indexedDB.open("sealwax"));
  const contents = {};
  for (const store of database.objectStoreNames) {
    if (store !== "sealed") contents[store] = await done(database.transaction(store).objectStore(store).getAll());
  }
  database.close();
  const text = (key, value) => (value instanceof ArrayBuffer ? Array.from(new Uint8Array(value)).join() : value);
  return JSON.stringify(contents, text);
}
