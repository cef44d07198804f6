/** The functions that tests/extension/compose/test_bridge.py runs in pages. */

export function forgetDrafts() {
  return new Promise((resolve, reject) => {
    const opened = indexedDB.open("sealwax");
    opened.onerror = reject;
    opened.onsuccess = () => {
      const transaction = opened.result.transaction("drafts", "readwrite");
      transaction.objectStore("drafts").clear();
      transaction.oncomplete = () => { opened.result.close(); resolve(true); };
    };
  });
}
