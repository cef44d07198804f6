/** Listens in all documents of the same site in this tab, because a page can have its buttons in another frame than its fields. */
import { world } from "./world.js";

/** @type {Parameters<typeof window.addEventListener>[]} */
const listeners = [];

/**
 * Listens in this document, and in the others once they are met. With `capture` the listener runs before all listeners
 * of elements, otherwise after them.
 * @param {string} type @param {(event: Event) => void} listener @param {{capture?: boolean}} [options]
 */
export function listenEverywhere(type, listener, { capture = true } = {}) {
  listeners.push([type, listener, { capture }]);
  world.guard.listen(type, listener, { capture });
}

/** Adds the listeners to the documents that do not have them yet. @param {Node[]} roots documents, and shadow roots */
export function meetDocuments(roots) {
  for (const root of roots) {
    const { defaultView } = /** @type {Partial<Document>} */ (root);
    if (defaultView && defaultView !== window) for (const listener of listeners) defaultView.addEventListener(...listener);
  }
}
