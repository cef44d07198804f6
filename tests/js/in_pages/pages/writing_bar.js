/** The functions that tests/pages/test_writing_bar.py runs in pages. */

export function above() {
  const [copy, bar] = ['[data-test="compose-copy"]', '.writing-bar'].map((selector) => document.querySelector(selector));
  document.querySelector('[data-test="more"]').open = true;
  copy.focus();
  return copy.getBoundingClientRect().bottom <= bar.getBoundingClientRect().top + 1;
}
