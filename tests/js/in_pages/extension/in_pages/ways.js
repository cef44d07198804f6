/** The functions that tests/extension/in_pages/test_ways.py runs in pages. */

export function select(first, last) {
  const range = document.createRange();
  range.setStartBefore(document.querySelector(first));
  range.setEndAfter(document.querySelector(last));
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}
