// @ts-nocheck The page here is not typed.
/** The bundles in a page start each part once, in any order and any number. */
import assert from "node:assert/strict";

import { testWith } from "./vectors.js";

// The parts of a page that the bundles use when they start. `begun` records the types of event for which they listen.
const begun = [];
const listening = new Set();
class Node {
  static ELEMENT_NODE = 1;
  static TEXT_NODE = 3;
  static DOCUMENT_NODE = 9;
  static DOCUMENT_FRAGMENT_NODE = 11;
  get nodeType() { return Node.DOCUMENT_NODE; }
  get parentNode() {}
  get previousSibling() {}
  get childNodes() {}
  get ownerDocument() {}
  get textContent() {}
  get isConnected() {}
  get baseURI() {}
  contains() {}
  getRootNode() {}
}
class Element extends Node {
  get assignedSlot() {}
  get shadowRoot() {}
  get clientWidth() {}
  matches() {}
  closest() {}
  getAttribute() {}
  checkVisibility() {}
  after() {}
  querySelectorAll() { return []; }
}
class HTMLElement extends Element { get innerText() {} }
class HTMLFormElement extends HTMLElement { get elements() {} submit() {} }
class DocumentFragment extends Node { querySelectorAll() { return []; } }
class ShadowRoot extends DocumentFragment {}
class Document extends Node {
  get body() {}
  get documentElement() {}
  get activeElement() {}
  get designMode() {}
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
  addEventListener: (type, listener) => {
    if (!listening.has(listener)) begun.push(type);
    listening.add(listener);
  },
});

/** Runs the bundles in this order. Gives the parts at the end, the replaced parts, and the types of event. */
function run(bundles, order) {
  delete globalThis.sealwaxContent;
  begun.length = 0;
  listening.clear();
  const parts = [];
  for (const name of order) {
    (0, eval)(bundles[name]);
    parts.push({ ...globalThis.sealwaxContent });
  }
  const last = parts.at(-1);
  const replaced = parts.flatMap((one) => Object.keys(one).filter((name) => one[name] !== last[name]));
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
