/** The functions that tests/extension/in_pages/test_forms.py runs in pages. */

export function remember() {
  window.seen = [];
  new MutationObserver(() => window.seen.push(document.documentElement.outerHTML)).observe(document, {
    childList: true, subtree: true, attributes: true,
  });
}
