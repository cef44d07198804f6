/** The functions that tests/support/new_passphrases.py runs in pages. */

export function find(form, number) {
  const place = document.querySelector(form);
  for (let closed; (closed = place.closest("details:not([open])")); ) closed.open = true;
  // The answer to the passphrase of before would count for this one.
  for (const error of place.querySelectorAll(".field-error")) error.textContent = "";
  const field = place.querySelectorAll('[role="textbox"]')[number];
  field.focus();
  getSelection().selectAllChildren(field);
}

export function isInSight(selector) {
  const element = document.querySelector(selector);
  const { top, bottom, width, height } = element.getBoundingClientRect();
  return element.checkVisibility() && width > 0 && height > 0 && top >= 0 && bottom <= innerHeight;
}

export function listWords(list) {
  const words = [...document.querySelectorAll(`${list} li`)].map((item) => item.textContent);
  return words.length > 0 ? words : null;
}
