/**
 * Recognises the parts of a page that may show a protected mail, or the notice of a parcel. The watcher runs this in
 * every page that the person has granted, so it has to be cheap: one look at the text, one at the elements.
 */
import { namesPart, NAMING } from "./any_webmail/part_names.js";
import { findBelow, isElement, matches } from "./dom_tree.js";
import { WEBMAIL_SIGNS } from "./webmail_signs.js";

/** Links to the page of a parcel. */
export const PARCEL_LINKS = 'a[href*="/parcel.html#"]';
const SIGNS = [NAMING, PARCEL_LINKS, WEBMAIL_SIGNS].join();

/** Whether a part of a page has a sign of a mail or of a parcel. @param {ParentNode & Node} root */
export function hasMailSign(root) {
  return (isElement(root) && matches(root, SIGNS)) || findBelow(root, SIGNS).length > 0 || namesPart(root);
}
