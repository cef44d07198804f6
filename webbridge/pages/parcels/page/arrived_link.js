/**
 * Removes the link from the address of this page, before any other module of the page runs.
 *
 * The fragment may contain the words that open the parcel, so it must not stay in the address bar, the history, or a bookmark.
 */

import { parseLink } from "../../../../wasm_build/parcels/link.js";

/** @typedef {{link: import("../../../../wasm_build/parcels/link.js").ParcelLink | null, isBroken: boolean}} ArrivedLink `isBroken`: the link cannot be read */

/** The link with which the page was opened. */
export const arrivedLink = takeLink();

/** @returns {ArrivedLink} */
export function takeLink() {
  const { hash, pathname, search } = location;
  if (hash.length <= 1) return { link: null, isBroken: false };
  history.replaceState(null, "", `${pathname}${search}`);
  const link = parseLink(hash);
  return { link, isBroken: link === null };
}
