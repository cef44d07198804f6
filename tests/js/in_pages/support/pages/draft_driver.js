/** The functions that tests/support/pages/draft_driver.py runs in pages. */

export async function stored() {
  const texts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
  const textOf = (value) => (value instanceof ArrayBuffer
    ? Array.from(new Uint8Array(value), (octet) => String.fromCharCode(octet)).join("") : JSON.stringify(value));
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
    });
    for (const store of database.objectStoreNames) {
      const records = await new Promise((resolve) => {
        const request = database.transaction(store).objectStore(store).getAll();
        request.onsuccess = () => resolve(request.result);
      });
      for (const record of records) texts.push(`${store} ${Object.values(record).map(textOf).join(" ")}`);
    }
    database.close();
  }
  return texts;
}

export function cuttable() {
  const real = window.fetch;
  window.cut = true;
  window.fetch = async (url, options) => {
    if (window.cut && /drafts$|search$/.test(String(url))) throw new TypeError("the network is lost");
    return real(url, options);
  };
}
