/** The functions that tests/pages/test_account.py runs in pages. */

export function choose(test, value) {
  const select = document.querySelector(`[data-test="${test}"]`);
  select.value = value;
  select.dispatchEvent(new Event("change"));
}
