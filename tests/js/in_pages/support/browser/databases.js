/** The functions that tests/support/browser/databases.py runs in pages. */

export async function walk(needles) {
  const seen = { records: 0, keys: 0, found: 0 };
  const holds = (octets, needle) => {
    for (let at = octets.indexOf(needle[0]); at >= 0; at = octets.indexOf(needle[0], at + 1))
      if (needle.every((octet, index) => octets[at + index] === octet)) return true;
    return false;
  };
  const visit = (value) => {
    if (value instanceof CryptoKey) seen.keys += 1;
    else if (value instanceof ArrayBuffer) {
      const octets = new Uint8Array(value);
      seen.found += needles.filter((needle) => holds(octets, needle)).length;
    }
    else if (ArrayBuffer.isView(value)) visit(value.buffer);
    else if (Array.isArray(value) && value.every((item) => typeof item === "number")) visit(Uint8Array.from(value));
    else if (value && typeof value === "object") Object.values(value).forEach(visit);
  };
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  for (const { name } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      const records = await done(database.transaction(store).objectStore(store).getAll());
      seen.records += records.length;
      records.forEach(visit);
    }
    database.close();
  }
  return seen;
}
