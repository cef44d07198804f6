/** The functions that tests/pages/test_storage.py runs in pages. */

export function beforeThePage() {
  globalThis.trouble = "refused";
  const open = IDBFactory.prototype.open, databases = IDBFactory.prototype.databases;
  const refuse = () => { throw new DOMException("denied", "SecurityError"); };
  IDBFactory.prototype.open = function (...all) {
    return trouble === "refused" ? refuse() : open.apply(this, all);
  };
  IDBFactory.prototype.databases = function () {
    return trouble === "refused" ? Promise.reject(new DOMException("denied", "SecurityError")) : databases.call(this);
  };
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (...all) {
    if (trouble !== "full") return put.apply(this, all);
    throw new DOMException("no room", "QuotaExceededError");
  };
  for (const name of ["getItem", "setItem", "removeItem"]) {
    const usual = Storage.prototype[name];
    Storage.prototype[name] = function (...all) { return trouble === "" ? usual.apply(this, all) : refuse(); };
  }
}

export function workerTrouble(trouble) {
  const scope = globalThis;
  scope.usual ??= { open: scope.IDBFactory.prototype.open, put: scope.IDBObjectStore.prototype.put };
  scope.IDBObjectStore.prototype.put = trouble === "full"
    ? () => { throw new DOMException("no room", "QuotaExceededError"); } : scope.usual.put;
}

export async function fullBackground() {
  const { IDBObjectStore, DOMException } = await browser.runtime.getBackgroundPage();
  globalThis.restore = ((put) => () => { IDBObjectStore.prototype.put = put; })(IDBObjectStore.prototype.put);
  IDBObjectStore.prototype.put = () => { throw new DOMException("no room", "QuotaExceededError"); };
}
