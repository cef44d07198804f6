/** The functions that tests/support/pages/kept_trust.py runs in pages. */

export async function recordsInPage() {
  const database = await new Promise((resolve) => {
    const request = indexedDB.open("sealwax");
    request.onsuccess = () => resolve(request.result);
  });
  const records = await new Promise((resolve) => {
    const request = database.transaction("trust").objectStore("trust").getAll();
    request.onsuccess = () => resolve(request.result);
  });
  database.close();
  return records.map(({ account, counter, state }) =>
    [account, counter, Array.from(new Uint8Array(state), (octet) => String.fromCharCode(octet)).join("")]);
}

export function storeNothing(url) {
  const usual = fetch;
  globalThis.fetch = async (to, options) => {
    if (String(to).startsWith(url) && options?.method === "PUT") throw new TypeError("no network");
    return usual(to, options);
  };
}
