/** The functions that tests/extension/options/account/test_key_trust.py runs in pages. */

export function refreshed(words) {
  const now = performance.now();
  if (now > (window.refreshedAt ?? 0) + 2000) {
    window.refreshedAt = now;
    dispatchEvent(new Event("focus"));
  }
  return document.querySelector("[data-test=roaming-problem]").textContent.includes(words);
}
