/** The editors of a page. Nothing of the extension may stand in them, because the page would send it along. */
import { bodyOf, documentOf, matches, modeOf, outwardsFrom } from "./dom_tree.js";

const EDITABLE = "[contenteditable]:not([contenteditable=false i])";

/** The outermost element around another one in which a person writes; null for none. @param {Element} element @returns {Element | null} */
export function editorAround(element) {
  const page = documentOf(element);
  if (modeOf(page) === "on") return bodyOf(page);
  return outwardsFrom(element).slice(1).findLast((one) => matches(one, EDITABLE)) ?? null;
}

/** The element beside which the extension may stand for another one: outside of everything that is written. @param {Element} element */
export function unwrittenPlaceOf(element) {
  return editorAround(element) ?? element;
}
