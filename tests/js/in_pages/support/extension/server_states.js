/** The functions that tests/support/extension/server_states.py runs in pages. */

export async function keepSites(sites, removed) {
  const done = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const database = await done(indexedDB.open("sealwax"));
  const transaction = database.transaction("checkedSites", "readwrite");
  for (const site of sites) transaction.objectStore("checkedSites").put(site);
  for (const origin of removed) transaction.objectStore("checkedSites").delete(origin);
  await new Promise((resolve) => { transaction.oncomplete = resolve; });
  database.close();
}
