/** The functions that tests/extension/in_pages/test_large_mails.py runs in pages. */

export function size() {
  return ({
    elements: document.querySelectorAll("*").length,
    letters: document.body.textContent.length,
    frames: document.querySelectorAll("iframe").length,
  });
}
