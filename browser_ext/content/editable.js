/** The editors of a page. No element of the extension may be in an editor, because the page would send the element along. */
import { bodyOf, documentOf, matches, modeOf, outwardsFrom } from "./dom_tree.js";

const EDITABLE = "[contenteditable]:not([contenteditable=false i])";

/** The outermost editor around an element; null for none. @param {Element} element @returns {Element | null} */
export function editorAround(element) {
  const page = documentOf(element);
  if (modeOf(page) === "on") return bodyOf(page);
  return outwardsFrom(element).slice(1).findLast((outer) => matches(outer, EDITABLE)) ?? null;
}

/** The element, outside of all editors, beside which the extension may show a box for `element`. @param {Element} element */
export function unwrittenPlaceOf(element) {
  return editorAround(element) ?? element;
}
