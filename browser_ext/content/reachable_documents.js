/** The documents of the same site in this tab. */
import { findBelow } from "./dom_tree.js";

/** This document and the others of the same site in this tab, this one first. */
export function reachableDocuments() {
  /** @type {Set<Document>} */
  const found = new Set([document]);
  try {
    for (const page of documentsBelow(/** @type {Window} */ (window.top).document)) found.add(page);
  } catch {
    // The page is in a frame of another site.
    for (const page of documentsBelow(document)) found.add(page);
  }
  return [...found];
}

/** @param {Document} page @returns {Document[]} */
function documentsBelow(page) {
  const frames = /** @type {HTMLIFrameElement[]} */ ([...findBelow(page, "iframe, frame")]);
  return [page, ...frames.flatMap(({ contentDocument }) => (contentDocument ? documentsBelow(contentDocument) : []))];
}
