/** The functions that tests/pages/test_trust.py runs in pages. */

export function watch() {
  window.shownStates = [];
  new MutationObserver(() => {
    const state = document.querySelector('[data-test="state"]')?.dataset.state;
    if (state && window.shownStates.at(-1) !== state) window.shownStates.push(state);
  }).observe(document.body, { subtree: true, childList: true });
}

export function aKeyIsMadeForARequestAndJoinedWithItsCertificate() {
  window.saved = {};
  const make = URL.createObjectURL.bind(URL);
  URL.createObjectURL = (blob) => {
    void blob.text().then((text) => { window.saved[text.includes("REQUEST") ? "request" : "key"] = text; });
    return make(blob);
  };
}
