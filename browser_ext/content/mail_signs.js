/**
 * Recognises by its elements a part of a page that may show a protected mail, or the notice of a parcel. The watcher
 * searches every page that the person has granted, so it has to be cheap.
 */
import { NAMING } from "./any_webmail/part_names.js";
import { findBelow, isElement, matches } from "./dom_tree.js";
import { WEBMAIL_SIGNS } from "./webmail_signs.js";

/** Links to the page of a parcel. */
export const PARCEL_LINKS = 'a[href*="/parcel.html#"]';
export const MAIL_SIGNS = [NAMING, PARCEL_LINKS, WEBMAIL_SIGNS].join();

/** @param {Node} root */
export function hasMailSign(root) {
  return (isElement(root) && matches(root, MAIL_SIGNS)) || findBelow(root, MAIL_SIGNS).length > 0;
}
