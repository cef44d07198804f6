/** The attributes by which a page asks for S/MIME. */
import { attributeOf } from "./dom_tree.js";

/**
 * The elements that must be examined even when they are not in view: a person can submit a form by Enter, and use a
 * hidden file field by a button of the page.
 */
export const GUARDED = "form[data-smime], input[type=file][data-smime]";

/** Whether `data-smime` of an element has one of these words. @param {Element} element @param {...string} words */
export function asksFor(element, ...words) {
  const asked = (attributeOf(element, "data-smime") ?? "").toLowerCase().split(/\s+/);
  return words.some((word) => asked.includes(word));
}

/** The recipients whom the page proposes. @param {Element} element @returns {string[]} */
export function proposedBy(element) {
  return (attributeOf(element, "data-smime-to") ?? "").split(/[\s,]+/).filter(Boolean);
}
