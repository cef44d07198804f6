"""Trees of markup in Node, for the reduction of markup that a person writes (`wasm_build/ui/written_markup.js`)."""

from __future__ import annotations

import html.parser
import json
import re
import subprocess
from typing import Any, Final

from tests.support.project import ROOT

REDUCE: Final = """
const { reduceNode } = await import("./wasm_build/ui/written_markup.js");
const wake = ([localName, attributes, children, text, nodeType]) => ({
  localName: localName ?? undefined, nodeType, nodeValue: text, childNodes: children.map(wake),
  getAttribute: (name) => attributes[name] ?? null,
});
const trees = JSON.parse(await new Response(process.stdin).text());
console.log(JSON.stringify(trees.map((tree) => reduceNode(wake(tree)))));
"""
# Put before `REDUCE`, it counts how often the words of a paragraph are written as text.
COUNT: Final = """
const { trimEnd } = String.prototype;
let count = 0;
String.prototype.trimEnd = function () {
  count += 1;
  return trimEnd.call(this);
};
process.on("exit", () => console.log(count));
"""
ELEMENT, TEXT, COMMENT = 1, 3, 8
VOID: Final = {"br", "img", "hr", "input", "meta", "link"}
WRITTEN: Final = re.compile(
    r'(?:[^<>"]|</?(?:p|ul|ol|li|blockquote|strong|em)>|<br>|<a href="(?:https://|mailto:)[^"<>]*">|</a>)*'
)


class Tree(html.parser.HTMLParser):
    """The tree of a piece of markup, as [name, attributes, children, text, type]. It is simpler than a browser's."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[list[Any]] = [["body", {}, [], None, ELEMENT]]
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node: list[Any] = [tag, dict(attrs), [], None, ELEMENT]
        self.open[-1][2].append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if any(node[0] == tag for node in self.open[1:]):
            while self.open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.open[-1][2].append([None, {}, [], data, TEXT])

    def handle_comment(self, data: str) -> None:
        self.open[-1][2].append([None, {}, [], data, COMMENT])


def reduce_all(*markups: str) -> list[tuple[str, str]]:
    """The markup and the text of each."""
    return [(one["markup"], one["text"]) for one in json.loads(_run(REDUCE, *markups))]


def count_writings(markup: str) -> int:
    """The number of times that a paragraph of the markup is written as text."""
    return int(_run(COUNT + REDUCE, markup).splitlines()[-1])


def _run(script: str, *markups: str) -> str:
    trees = json.dumps([Tree(markup).open[0] for markup in markups])
    command = ["node", "--no-warnings", "--input-type=module", "-e", script]
    return subprocess.run(command, cwd=ROOT, input=trees, check=True, capture_output=True, text=True).stdout
