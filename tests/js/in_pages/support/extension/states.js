/** The functions that tests/support/extension/states.py runs in pages. */

export async function leaveNews() {
  const done = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const database = await done(indexedDB.open("sealwax"));
  const { version } = chrome.runtime.getManifest();
  const transaction = database.transaction("settings", "readwrite");
  transaction.objectStore("settings").put({ name: "updated", version });
  await new Promise((resolve) => { transaction.oncomplete = resolve; });
  database.close();
}

export async function forgetSites() {
  for (const { dataset } of document.querySelectorAll("[data-removal^='sites.remove']")) {
    const [type, id] = dataset.removal.split(" ");
    await chrome.runtime.sendMessage({ type, body: { id } });
  }
}

export function markKeyFile(name) {
  for (const card of document.querySelectorAll("[data-test=key-file]")) {
    if (card.textContent.includes(name)) card.querySelector("[data-removal]").id = "to-remove";
  }
}

export function chooseSender(address) {
  const select = document.querySelector("[data-test=compose-from]");
  select.value = [...select.options].find(({ value }) => value.endsWith(` ${address}`)).value;
  select.dispatchEvent(new Event("change"));
}
