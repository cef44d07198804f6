/** The attributes with which a page asks for S/MIME. */
import { attributeOf } from "./dom_tree.js";

/**
 * The elements that must be examined even when they are not in view: forms, because a person can submit a form with
 * Enter, and file fields, because a button of the page can open a hidden file field.
 */
export const GUARDED = "form[data-smime], input[type=file][data-smime]";

/** Whether the attribute `data-smime` of an element has one of these words. @param {Element} element @param {...string} words */
export function asksFor(element, ...words) {
  const values = (attributeOf(element, "data-smime") ?? "").toLowerCase().split(/\s+/);
  return words.some((word) => values.includes(word));
}

/** The recipients that the page proposes. @param {Element} element @returns {string[]} */
export function proposedBy(element) {
  return (attributeOf(element, "data-smime-to") ?? "").split(/[\s,]+/).filter(Boolean);
}
