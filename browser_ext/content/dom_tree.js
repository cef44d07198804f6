/**
 * The parents of an element, across shadow roots. This module reads with the getters of the prototypes, because a
 * form's controls can shadow its properties (`<input name=parentNode>`).
 */

const readParent = getterOf(Node.prototype, "parentNode");
const readSlot = getterOf(Element.prototype, "assignedSlot");

/** @param {object} prototype @param {string} name @returns {() => unknown} */
function getterOf(prototype, name) {
  return /** @type {() => unknown} */ (Object.getOwnPropertyDescriptor(prototype, name)?.get);
}

/** The parent element; at the top of a shadow root, its host. @param {Element} element @returns {Element | null} */
export function parentOf(element) {
  const parent = Reflect.apply(readParent, element, []);
  if (parent instanceof ShadowRoot) return parent.host;
  return parent instanceof Element ? parent : null;
}

/**
 * The parent as the page is drawn: the slot of an element that has one.
 * @param {Element} element @returns {Element | null}
 */
export function drawnParentOf(element) {
  return /** @type {Element | null} */ (Reflect.apply(readSlot, element, [])) ?? parentOf(element);
}
