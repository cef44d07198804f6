/** The functions that tests/pages/test_my_files.py runs in pages. */

export function losing() {
  const usual = fetch;
  globalThis.lost = 0;
  globalThis.fetch = (url, options) => {
    if (!new URL(url).pathname.endsWith("/bytes/manifest") || lost > 0) return usual(url, options);
    lost += 1;
    return Promise.reject(new TypeError("away"));
  };
}

export function tenThousandFilesAreListedAndSearched() {
  globalThis.shownAfter = 0;
  const begun = performance.now();
  const look = new MutationObserver(() => {
    if (!document.querySelector('[data-test="files"] > li')) return;
    look.disconnect();
    requestAnimationFrame(() => { globalThis.shownAfter = performance.now() - begun; });
  });
  look.observe(document.body, { childList: true, subtree: true });
  location.hash = "#/files";
}
