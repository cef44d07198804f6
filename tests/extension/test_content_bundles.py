"""The bundles in a page start each part once, in any order and any number."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests.support.project import ROOT
from wasm_build.bundle.scripts import bundle_scripts
from wasm_build.bundle.tree import read_content

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

BUNDLES = ("guard", "content", "field_scripts", "mail_scripts", "page_scripts")
# The parts of a page that the bundles use when they start. `begun` records the types of event for which they listen.
RUN = """
const { bundles, order } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
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
const parts = [];
for (const name of order) {
  (0, eval)(bundles[name]);
  parts.push({ ...globalThis.sealwaxContent });
}
const last = parts.at(-1);
const replaced = parts.flatMap((one) => Object.keys(one).filter((name) => one[name] !== last[name]));
console.log(JSON.stringify({ parts: Object.keys(last).sort(), replaced, begun }));
"""


@pytest.fixture(scope="module")
def bundles() -> dict[str, str]:
    entries = {f"{name}.js": f"browser_ext/content/{name}.js" for name in BUNDLES}
    built = bundle_scripts(ROOT, "extension", "iife", entries)
    return {name: read_content(built[f"{name}.js"]).decode() for name in BUNDLES}


def run(bundles: dict[str, str], *order: str) -> dict[str, list[str]]:
    """Run the bundles in this order. Returns the parts at the end, the replaced parts, and the types of event."""
    given = json.dumps({"bundles": bundles, "order": order}).encode()
    ran = subprocess.run(["node", "-e", RUN], input=given, capture_output=True, check=True)
    found: dict[str, list[str]] = json.loads(ran.stdout)
    return found


def test_each_part_starts_once_however_often_its_bundle_comes(bundles: dict[str, str]) -> None:
    once = run(bundles, "guard", "mail_scripts", "content")
    assert once["parts"] == ["fields", "guard", "mail", "watcher"]
    again = run(bundles, *("guard", "mail_scripts", "content"), *("guard", "field_scripts", "mail_scripts", "content"))
    assert again == {**once, "replaced": []}


def test_the_part_for_fields_stays_when_the_one_for_mail_comes_later(bundles: dict[str, str]) -> None:
    found = run(bundles, "guard", "content", "field_scripts", "mail_scripts")
    assert (found["parts"], found["replaced"]) == (["fields", "guard", "mail", "watcher"], [])


def test_a_page_with_nothing_to_do_has_the_guard_and_the_watcher(bundles: dict[str, str]) -> None:
    assert run(bundles, "guard", "content")["parts"] == ["guard", "watcher"]


def test_copying_a_page_starts_no_other_part(bundles: dict[str, str]) -> None:
    assert run(bundles, "page_scripts") == {"parts": ["pages"], "replaced": [], "begun": []}
    assert run(bundles, "page_scripts", "guard", "content")["parts"] == ["guard", "pages", "watcher"]
