/** The functions that tests/support/extension/taught.py runs in pages. */

export async function kept() {
  const request = indexedDB.open("sealwax");
  await new Promise((done) => { request.onsuccess = done; });
  const all = request.result.transaction("recipes").objectStore("recipes").getAll();
  await new Promise((done) => { all.onsuccess = done; });
  request.result.close();
  return all.result;
}

export async function forget() {
  const request = indexedDB.open("sealwax");
  await new Promise((done) => { request.onsuccess = done; });
  const clearing = request.result.transaction("recipes", "readwrite").objectStore("recipes").clear();
  await new Promise((done) => { clearing.onsuccess = done; });
  request.result.close();
}
