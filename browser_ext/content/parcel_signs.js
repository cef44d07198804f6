/** The sign of a notice in a page: a link to the page of a parcel. */
import { findBelow } from "./dom_tree.js";

export const PARCEL_LINKS = 'a[href*="/parcel.html#"]';

/** Whether a part of a page has the link of a parcel. @param {ParentNode & Node} root */
export function hasParcelLink(root) {
  return findBelow(root, PARCEL_LINKS).length > 0;
}
