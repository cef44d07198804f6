/** The functions that tests/support/pages/reloads.py runs in pages. */

export async function recordsInPage() {
  if (!(await indexedDB.databases()).some(({ name }) => name === "sealwax-reload")) return [];
  const done = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const database = await done(indexedDB.open("sealwax-reload"));
  const records = await done(database.transaction("kept").objectStore("kept").getAll());
  database.close();
  const octets = (buffer) => Array.from(new Uint8Array(buffer));
  return records.map((record) => ({ ...record, half: octets(record.half), kept: record.kept.map(octets) }));
}

export async function takeInPage(api, name, account) {
  const named = { "X-Sealwax-Account": encodeURIComponent(account) };
  const headers = { "Content-Type": "application/json", "X-Sealwax": "1", ...named };
  const taking = { method: "POST", body: JSON.stringify({ name }), headers, credentials: "include" };
  const response = await fetch(`${api}/api/reload-half/take`, taking);
  return [response.status, Array.from(new Uint8Array(await response.arrayBuffer()))];
}

export function choose(select, minutes) {
  const chosen = document.querySelector(select);
  chosen.value = String(minutes);
  chosen.dispatchEvent(new Event("change"));
}
