/** The functions that tests/pages/test_offline.py runs in pages. */

export async function stored() {
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await done(indexedDB.open("sealwax-offline"));
  const counts = {};
  for (const name of database.objectStoreNames)
    counts[name] = await done(database.transaction(name).objectStore(name).count());
  database.close();
  return counts;
}

export async function nothingIsInClearOnTheDisk(control) {
  const database = await new Promise((resolve) => {
    const request = indexedDB.open("control");
    request.onupgradeneeded = () => request.result.createObjectStore("one", { keyPath: "name" });
    request.onsuccess = () => resolve(request.result);
  });
  const put = database.transaction("one", "readwrite").objectStore("one").put({ name: control });
  await new Promise((resolve) => { put.transaction.oncomplete = resolve; });
  database.close();
}
