/** The functions that tests/extension/compose/test_more_options.py runs in pages. */

export function choose(label) {
  const select = document.querySelector("[data-test=label]");
  select.value = label;
  select.dispatchEvent(new Event("change"));
}
