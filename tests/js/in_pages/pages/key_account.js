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

export function firstUid(row) {
  return Number(document.querySelector(row).dataset.uid);
}

export function labelGroups(group) {
  return [...document.querySelectorAll(group)].map((input) => input.labels[0].textContent);
}

export function typeGroup(group, place, text) {
  document.querySelectorAll(group)[place].value = text;
}
