/** The documents of the same site in this tab. */
import { findBelow } from "./dom_tree.js";
import { rootsBelow } from "./shadow_roots.js";

/** This document, and then the other documents of the same site in this tab, except documents in shadow trees. */
export function reachableDocuments() {
  return reachableBy(framesIn);
}

/** The documents of the same site in this tab, all their shadow roots, and the documents in these roots. */
export function reachableRoots() {
  return reachableBy((page) => rootsBelow(page).flatMap(framesIn)).flatMap(rootsBelow);
}

/** @param {(page: Document) => HTMLIFrameElement[]} framesOf */
function reachableBy(framesOf) {
  const below = (/** @type {Document} */ page) => documentsBelow(page, framesOf);
  /** @type {Set<Document>} */
  const pages = new Set([document]);
  try {
    for (const page of below(/** @type {Window} */ (window.top).document)) pages.add(page);
  } catch {
    // The page around this frame belongs to another site.
    for (const page of below(document)) pages.add(page);
  }
  return [...pages];
}

/** @param {Document} page @param {(page: Document) => HTMLIFrameElement[]} framesOf @returns {Document[]} */
function documentsBelow(page, framesOf) {
  const inner = framesOf(page).flatMap(({ contentDocument }) => contentDocument ?? []);
  return [page, ...inner.flatMap((innerPage) => documentsBelow(innerPage, framesOf))];
}

/** @param {Document | ShadowRoot} root */
function framesIn(root) {
  return /** @type {HTMLIFrameElement[]} */ ([...findBelow(root, "iframe, frame")]);
}
