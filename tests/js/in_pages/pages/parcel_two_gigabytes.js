/** The functions that tests/pages/test_parcel_two_gigabytes.py runs in pages. */

export function withoutCopies() {
  const usual = fetch;
  globalThis.fetch = (url, options = {}) =>
    usual(url, options.body instanceof Uint8Array ? { ...options, body: new Blob([options.body]) } : options);
}
