/** The functions that tests/support/extension/kept_records.py runs in pages. */

export function putInPage(json) {
  return new Promise((resolve, reject) => {
    const asBytes = (_, value) => value?.octets === undefined
      ? value : Uint8Array.from(atob(value.octets), (character) => character.charCodeAt(0)).buffer;
    const records = JSON.parse(json, asBytes);
    const opening = indexedDB.open("sealwax");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction(Object.keys(records), "readwrite");
      for (const [store, values] of Object.entries(records)) {
        for (const value of values) transaction.objectStore(store).put(value);
      }
      transaction.onabort = () => reject(transaction.error);
      transaction.oncomplete = () => { opening.result.close(); resolve(); };
    };
  });
}
