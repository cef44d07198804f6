/** The functions that tests/pages/test_shared_refusals.py runs in pages. */

export function aListThatNeverComesHidesNothingOfTheAccount() {
  const real = window.fetch;
  window.fetch = (url, options) => (String(url).endsWith("/groups") ? new Promise(() => {}) : real(url, options));
  location.hash = "#/keys";
}
