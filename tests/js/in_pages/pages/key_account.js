/** The functions that tests/pages/test_key_account.py runs in pages. */

export function aChangeSucceedsAlthoughAnotherDeviceStoresMeanwhile() {
  const fetched = window.fetch;
  window.held = null;
  window.fetch = async (url, options) => {
      const isHeld = String(url).endsWith("/passphrase") && !window.held;
      if (isHeld) await new Promise((go) => { window.held = go; });
      return fetched(url, options);
  };
}
