/** The bundles in a page start each part once, in any order and any number. */
import assert from "node:assert/strict";

import { testWith } from "./vectors.js";

// The parts of a page that the bundles use when they start. `begun` records the types of event for which they listen.
/** @type {string[]} */
const begun = [];
const listening = new Set();
class Node {
  static ELEMENT_NODE = 1;
  static TEXT_NODE = 3;
  static DOCUMENT_NODE = 9;
  static DOCUMENT_FRAGMENT_NODE = 11;
  get nodeType() { return Node.DOCUMENT_NODE; }
  get parentNode() { return null; }
  get previousSibling() { return null; }
  get childNodes() { return null; }
  get ownerDocument() { return null; }
  get textContent() { return null; }
  get isConnected() { return null; }
  get baseURI() { return null; }
  contains() {}
  getRootNode() {}
}
class Element extends Node {
  get assignedSlot() { return null; }
  get shadowRoot() { return null; }
  get clientWidth() { return null; }
  matches() {}
  closest() {}
  getAttribute() {}
  checkVisibility() {}
  after() {}
  querySelectorAll() { return []; }
}
class HTMLElement extends Element { get innerText() { return null; } }
class HTMLFormElement extends HTMLElement { get elements() { return null; } submit() {} }
class DocumentFragment extends Node { querySelectorAll() { return []; } }
class ShadowRoot extends DocumentFragment {}
class Document extends Node {
  get body() { return null; }
  get documentElement() { return null; }
  get activeElement() { return null; }
  get designMode() { return null; }
  hasFocus() {}
  createElement() {}
  createTreeWalker() { return { nextNode: () => null }; }
  evaluate() { return { snapshotLength: 0 }; }
  querySelectorAll() { return []; }
  querySelector() { return null; }
}
class Observer { observe() {} }
const onMessage = { addListener: () => begun.push("messages") };
const runtime = { id: "own", getURL: () => "https://own.example/", onMessage };
Object.assign(globalThis, {
  Node, Element, HTMLElement, HTMLFormElement, DocumentFragment, ShadowRoot, Document,
  document: new Document(), window: globalThis, XPathResult: {}, NodeFilter: { SHOW_TEXT: 4 },
  MutationObserver: Observer, IntersectionObserver: Observer, chrome: { runtime }, location: new URL("https://page.example/"),
  addEventListener: (/** @type {string} */ type, /** @type {unknown} */ listener) => {
    if (!listening.has(listener)) begun.push(type);
    listening.add(listener);
  },
});

/** @type {any} */
const page = globalThis;

/**
 * Runs the bundles in this order. Gives the parts at the end, the replaced parts, and the types of event.
 * @param {Record<string, string>} bundles by name @param {string[]} order
 */
function run(bundles, order) {
  delete page.sealwaxContent;
  begun.length = 0;
  listening.clear();
  /** @type {Record<string, unknown>[]} */
  const parts = [];
  for (const name of order) {
    (0, eval)(bundles[name]);
    parts.push({ ...page.sealwaxContent });
  }
  const last = parts[parts.length - 1];
  const replaced = parts.flatMap((part) => Object.keys(part).filter((name) => part[name] !== last[name]));
  return { parts: Object.keys(last).sort(), replaced, begun: [...begun] };
}

testWith("each part starts once however often its bundle comes", (bundles) => {
  const once = run(bundles, ["guard", "mail_scripts", "content"]);
  assert.deepEqual(once.parts, ["fields", "guard", "mail", "watcher"]);
  const again = run(bundles, ["guard", "mail_scripts", "content", "guard", "field_scripts", "mail_scripts", "content"]);
  assert.deepEqual(again, { ...once, replaced: [] });
});

testWith("the part for fields stays when the one for mail comes later", (bundles) => {
  const { parts, replaced } = run(bundles, ["guard", "content", "field_scripts", "mail_scripts"]);
  assert.deepEqual([parts, replaced], [["fields", "guard", "mail", "watcher"], []]);
});

testWith("a page with nothing to do has the guard and the watcher", (bundles) => {
  assert.deepEqual(run(bundles, ["guard", "content"]).parts, ["guard", "watcher"]);
});

testWith("copying a page starts no other part", (bundles) => {
  assert.deepEqual(run(bundles, ["page_scripts"]), { parts: ["pages"], replaced: [], begun: [] });
  assert.deepEqual(run(bundles, ["page_scripts", "guard", "content"]).parts, ["guard", "pages", "watcher"]);
});
