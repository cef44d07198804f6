/**
 * Reads the tree of a page. A form's controls can shadow its properties (`<input name=matches>`), and the images, forms
 * and frames of a page can shadow the document's properties (`<img name=body>`), even by chance. So this module reads
 * with the methods and getters of the prototypes.
 */

const CUSTOM = "descendant-or-self::*[contains(local-name(), '-')]";

/**
 * Makes a function from a method or a getter of a prototype. The first argument of the function is the object. The prototype is
 * read at the first call, because most pages need few of these functions, and the page's loading waits for this script. The
 * bundler leaves out functions without a caller (`wasm_build/bundle/scripts.mjs`).
 * @param {"Node" | "Element" | "HTMLElement" | "HTMLFormElement" | "Document" | "DocumentFragment"} type @param {string} name
 * @returns {(node: Node, ...args: unknown[]) => any}
 */
function readerOf(type, name) {
  /** @type {Function | undefined} */
  let read;
  return (node, ...args) => Reflect.apply(read ??= readFrom(globalThis[type].prototype, name), node, args);
}

/** @param {object} prototype @param {string} name @returns {Function} */
function readFrom(prototype, name) {
  const { value, get } = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(prototype, name));
  return value ?? get;
}

const readType = readerOf("Node", "nodeType");
/** @type {(node: Node) => Node | null} */
export const parentNodeOf = readerOf("Node", "parentNode");
const walk = readerOf("Document", "createTreeWalker");
const evaluate = readerOf("Document", "evaluate");
const readSlot = readerOf("Element", "assignedSlot");
/** `querySelectorAll` by the type of the node. @type {Record<number, (root: Node, selector: string) => NodeListOf<Element>>} */
const finders = {
  [Node.ELEMENT_NODE]: readerOf("Element", "querySelectorAll"),
  [Node.DOCUMENT_NODE]: readerOf("Document", "querySelectorAll"),
  [Node.DOCUMENT_FRAGMENT_NODE]: readerOf("DocumentFragment", "querySelectorAll"),
};

/** `querySelector` by the type of the node. @type {Record<number, (root: Node, selector: string) => Element | null>} */
const firstFinders = {
  [Node.ELEMENT_NODE]: readerOf("Element", "querySelector"),
  [Node.DOCUMENT_NODE]: readerOf("Document", "querySelector"),
  [Node.DOCUMENT_FRAGMENT_NODE]: readerOf("DocumentFragment", "querySelector"),
};

/** @type {(element: Element, selector: string) => boolean} */
export const matches = readerOf("Element", "matches");
/** @type {(element: Element, selector: string) => Element | null} */
export const closest = readerOf("Element", "closest");
/** @type {(element: Element, name: string) => string | null} */
export const attributeOf = readerOf("Element", "getAttribute");
/** @type {(element: Element, name: string, value: string) => void} */
export const setAttributeOf = readerOf("Element", "setAttribute");
/** @type {(element: Element) => number} */
export const widthOf = readerOf("Element", "clientWidth");
/** @type {(element: HTMLElement) => string} */
export const visibleTextOf = readerOf("HTMLElement", "innerText");
/** The text of an element; null for a document. @type {(node: Node) => string | null} */
export const textOf = readerOf("Node", "textContent");
/** @type {(node: Node) => string} */
export const baseOf = readerOf("Node", "baseURI");
/** @type {(node: Node) => NodeListOf<ChildNode>} */
export const childrenOf = readerOf("Node", "childNodes");
/** The open shadow root of an element. @type {(element: Element) => ShadowRoot | null} */
export const openRootOf = readerOf("Element", "shadowRoot");
/** @type {(node: Node) => Document} */
export const documentOf = readerOf("Node", "ownerDocument");
/** @type {(node: Node) => Node | null} */
export const previousOf = readerOf("Node", "previousSibling");
/** @type {(node: Node, other: Node) => boolean} */
export const contains = readerOf("Node", "contains");
/** @type {(node: Node) => boolean} */
export const isConnected = readerOf("Node", "isConnected");
/** @type {(form: HTMLFormElement) => HTMLFormControlsCollection} */
export const controlsOf = readerOf("HTMLFormElement", "elements");
/** @type {(element: Element, options?: CheckVisibilityOptions) => boolean} */
export const isVisible = readerOf("Element", "checkVisibility");
/** @type {(page: Document) => HTMLElement | null} */
export const bodyOf = readerOf("Document", "body");
/** @type {(page: Document) => HTMLElement | null} */
export const topElementOf = readerOf("Document", "documentElement");
/** The element with the focus, outside of shadow roots. @type {(page: Document) => Element | null} */
export const focusedIn = readerOf("Document", "activeElement");
/** Whether a person can edit the whole document: "on" or "off". @type {(page: Document) => string} */
export const modeOf = readerOf("Document", "designMode");
/** @type {(page: Document) => boolean} */
export const hasFocus = readerOf("Document", "hasFocus");
const create = readerOf("Document", "createElement");

/**
 * A new element of this document.
 * @template {keyof HTMLElementTagNameMap} T @param {T} name @returns {HTMLElementTagNameMap[T]}
 */
export function createElement(name) {
  return create(document, name);
}

/** Stops an event, before its default action and before later listeners. @param {Event} event */
export function stop(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** The form of a field; for another element, the form around it. @param {Element} element @returns {HTMLFormElement | null} */
export function formOf(element) {
  const owner = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.form : null;
  return owner ?? /** @type {HTMLFormElement | null} */ (closest(element, "form"));
}

/** The elements below a node that match. @param {Node} root @param {string} selector @returns {NodeListOf<Element>} */
export function findBelow(root, selector) {
  return finders[readType(root)](root, selector);
}

/** Whether a node or an element below it matches. The search stops at the first. @param {Node} root @param {string} selector */
export function hasIn(root, selector) {
  return (isElement(root) && matches(root, selector)) || firstFinders[readType(root)](root, selector) !== null;
}

/**
 * The custom elements at and below a node. Their names have a hyphen.
 * @param {Node} root @returns {Element[]}
 */
export function customElementsBelow(root) {
  return isFragment(root)
    ? [...findBelow(root, "*")].filter(({ localName }) => localName.includes("-"))
    : /** @type {Element[]} */ (nodesBy(CUSTOM, root));
}

/**
 * The nodes that an XPath finds. Unlike a loop over all nodes, it makes no objects for the other nodes. XPath does not work in a
 * shadow root.
 * @param {string} path @param {Node} root @returns {Node[]}
 */
function nodesBy(path, root) {
  /** @type {XPathResult} */
  const snapshot = evaluate(document, path, root, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
  return Array.from({ length: snapshot.snapshotLength }, (_, index) => /** @type {Node} */ (snapshot.snapshotItem(index)));
}

/** The texts below a node. @param {Node} root @returns {Generator<Text>} */
export function textsBelow(root) {
  return nodesOf(root, NodeFilter.SHOW_TEXT);
}

/** The comments below a node. @param {Node} root @returns {Generator<Comment>} */
export function commentsBelow(root) {
  return nodesOf(root, NodeFilter.SHOW_COMMENT);
}

/** @param {Node} root @param {number} kinds @returns {Generator<any>} */
function* nodesOf(root, kinds) {
  const nodes = walk(document, root, kinds);
  for (let node = nodes.nextNode(); node; node = nodes.nextNode()) yield node;
}

/**
 * The texts below a node that have at most `maxCharacters` and contain one of the marks, one after the other. This
 * avoids copying most texts of a long page.
 * @param {Node} root @param {number} maxCharacters @param {string[]} marks without quotes
 */
export function markedTextsBelow(root, maxCharacters, marks) {
  const path = `descendant::text()[string-length() <= ${maxCharacters}][${marks.map((mark) => `contains(., "${mark}")`).join(" or ")}]`;
  const texts = /** @type {Iterable<Text>} */ (isFragment(root) ? textsBelow(root) : nodesBy(path, root));
  return [...texts].map(({ data }) => data).filter((text) => text.length <= maxCharacters && marks.some((mark) => text.includes(mark))).join("");
}

/** The text below a node; null if it has more than `maxCharacters`. @param {Node} root @param {number} maxCharacters @returns {string | null} */
export function shortTextOf(root, maxCharacters) {
  let text = "";
  for (const { data } of textsBelow(root)) {
    text += data;
    if (text.length > maxCharacters) return null;
  }
  return text;
}

/** The parent element; at the top of a shadow root, its host. The node may be of another frame. @param {Node} node @returns {Element | null} */
export function parentOf(node) {
  const parent = parentNodeOf(node);
  const type = parent ? readType(parent) : 0;
  if (type === Node.DOCUMENT_FRAGMENT_NODE) return /** @type {Partial<ShadowRoot>} */ (parent).host ?? null;
  return type === Node.ELEMENT_NODE ? /** @type {Element} */ (parent) : null;
}

/** Whether a node is an element, also one of another frame. @param {Node} node @returns {node is Element} */
export function isElement(node) {
  return readType(node) === Node.ELEMENT_NODE;
}

/** @param {Node} node */
function isFragment(node) {
  return readType(node) === Node.DOCUMENT_FRAGMENT_NODE;
}

/** Whether a node is a text, also one of another frame. @param {Node} node @returns {node is Text} */
export function isText(node) {
  return readType(node) === Node.TEXT_NODE;
}

/** The element and all elements around it, innermost first, across shadow roots. @param {Element} element */
export function outwardsFrom(element) {
  /** @type {Element[]} */
  const elements = [];
  for (let outer = /** @type {Element | null} */ (element); outer; outer = parentOf(outer)) elements.push(outer);
  return elements;
}

/**
 * The parent of an element in the drawn page. For an element in a slot, this is the slot.
 * @param {Element} element @returns {Element | null}
 */
export function drawnParentOf(element) {
  return /** @type {Element | null} */ (readSlot(element)) ?? parentOf(element);
}
