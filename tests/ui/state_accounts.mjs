// Prints for addresses in JSON under which key the pages keep the state of each.
import { pathToFileURL } from "node:url";

const [database, addresses] = process.argv.slice(2);
const accounts = [];
globalThis.indexedDB = { open: () => settle({ transaction, close() {} }) };

// IndexedDB as far as the pages use it to write one record.
function settle(result) {
  const request = { result };
  queueMicrotask(() => request.onsuccess?.());
  return request;
}

function transaction() {
  const begun = { objectStore: () => ({ put: ({ account }) => settle(accounts.push(account)) }) };
  queueMicrotask(() => queueMicrotask(() => begun.oncomplete()));
  return begun;
}

const { openStates } = await import(pathToFileURL(database).href);
for (const address of JSON.parse(addresses)) await openStates.write(address, 1, new ArrayBuffer(0));
console.log(JSON.stringify(accounts));
