/** The shadow roots of a page. */
import { findBelow, focusedIn } from "./dom_tree.js";
import { api } from "./world.js";

/**
 * @param {unknown} element @returns {ShadowRoot | null} its shadow root; a closed root only if the browser allows that
 */
export function shadowRootOf(element) {
  if (!(element instanceof Element)) return null;
  const { dom } = /** @type {Partial<typeof chrome>} */ (api);
  if (dom) return element instanceof HTMLElement ? dom.openOrClosedShadowRoot(element) : null;
  const { openOrClosedShadowRoot } = /** @type {{openOrClosedShadowRoot?: unknown}} */ (element);
  const root = openOrClosedShadowRoot ?? element.shadowRoot;
  return root instanceof ShadowRoot ? root : null;
}

/** The given root and all shadow roots below it. @param {Document | ShadowRoot} root @returns {(Document | ShadowRoot)[]} */
export function rootsBelow(root) {
  const below = [...findBelow(root, "*")].flatMap((element) => shadowRootOf(element) ?? []);
  return [root, ...below.flatMap(rootsBelow)];
}

/** The focused element, in any shadow root. If the focus is inside an iframe, this is the iframe. */
export function findFocused() {
  let focused = focusedIn(document);
  for (let root = focused && shadowRootOf(focused); root?.activeElement; root = focused && shadowRootOf(focused)) focused = root.activeElement;
  return focused instanceof HTMLElement ? focused : null;
}
