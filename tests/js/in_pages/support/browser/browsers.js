/** The functions that tests/support/browser/browsers.py runs in pages. */

export async function clickToolbarButton(id) {
  const { ExtensionParent } = ChromeUtils.importESModule("resource://gre/modules/ExtensionParent.sys.mjs");
  const extension = ExtensionParent.WebExtensionPolicy.getByID(id).extension;
  const window = Services.wm.getMostRecentWindow("navigator:browser");
  window.focus();
  await ExtensionParent.apiManager.global.browserActionFor(extension).triggerAction(window);
}

/** Deletes the page's storage, and ends its service workers. */
export async function emptyStorage() {
  localStorage.clear();
  sessionStorage.clear();
  for (const registration of await navigator.serviceWorker?.getRegistrations() ?? []) await registration.unregister();
  for (const name of await caches.keys()) await caches.delete(name);
  for (const { name } of await indexedDB.databases()) {
    await new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase(name);
      request.onsuccess = resolve;
      request.onerror = () => reject(request.error);
    });
  }
}
