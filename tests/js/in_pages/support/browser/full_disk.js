/** The functions that tests/support/browser/full_disk.py runs in pages. */

export function refuseInPage(scope) {
  const refusal = () => new scope.DOMException("no room", "QuotaExceededError");
  const { put, add } = scope.IDBObjectStore.prototype;
  const usual = { put, add };
  for (const name of ["put", "add"]) {
    scope.IDBObjectStore.prototype[name] = function (...all) {
      const request = usual[name].apply(this, all);
      Object.defineProperty(this.transaction, "error", { value: refusal() });
      Promise.resolve().then(() => this.transaction.abort());
      return request;
    };
  }
  const restores = [() => Object.assign(scope.IDBObjectStore.prototype, usual)];
  const refuse = (kind, ...names) => {
    for (const name of names.filter((method) => kind?.prototype[method])) {
      const before = kind.prototype[name];
      kind.prototype[name] = kind === scope.Storage
        ? () => { throw refusal(); } : () => scope.Promise.reject(refusal());
      restores.push(() => { kind.prototype[name] = before; });
    }
  };
  refuse(scope.Storage, "setItem");
  refuse(scope.Cache, "put", "add", "addAll");
  refuse(scope.FileSystemFileHandle, "createWritable");
  return () => restores.forEach((restore) => restore());
}
