/** The focus of the lists in which people are ticked as readers. */

/**
 * Puts the focus on the first person who is not ticked yet, or on the field that adds a person.
 * @param {HTMLElement} readers @param {import("./reader_adder.js").ReaderAdder} adder
 */
export function focusReaders(readers, adder) {
  const box = /** @type {HTMLElement | null} */ (readers.querySelector("[type=checkbox]:enabled:not(:checked)"));
  if (box) box.focus();
  else adder.focus();
}
