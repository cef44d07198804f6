/** Listens in all documents of the same site in this tab, because buttons and fields can be in different frames. */
import { world } from "./world.js";

/** @type {Parameters<typeof window.addEventListener>[]} */
const listeners = [];

/**
 * Listens in this document, and in other documents after `meetDocuments`. With `capture` the listener runs before all
 * listeners of elements, otherwise after them.
 * @param {string} type @param {(event: Event) => void} listener @param {{capture?: boolean}} [options]
 */
export function listenEverywhere(type, listener, { capture = true } = {}) {
  listeners.push([type, listener, { capture }]);
  world.guard.listen(type, listener, { capture });
}

/** Adds the listeners to documents that do not have them yet. @param {Node[]} roots documents and shadow roots */
export function meetDocuments(roots) {
  for (const root of roots) {
    const { defaultView } = /** @type {Partial<Document>} */ (root);
    if (defaultView && defaultView !== window) for (const listener of listeners) defaultView.addEventListener(...listener);
  }
}
