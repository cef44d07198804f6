"""Plain text becomes the markup of a letter with formatting, and back."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from typing import Any, Final

import pytest

from tests.support.project import ROOT
from tests.support.written_markup import WRITTEN, Tree, reduce_all

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

MARK_UP: Final = """
const { markupOf } = await import("./wasm_build/ui/text_markup.js");
console.log(JSON.stringify(JSON.parse(await new Response(process.stdin).text()).map(markupOf)));
"""
CHANGE: Final = """
const { reduceInBlocks } = await import("./wasm_build/ui/written_markup.js");
const { withChangedText } = await import("./wasm_build/ui/text_markup.js");
const wake = ([localName, attributes, children, text, nodeType]) => ({
  localName: localName ?? undefined, nodeType, nodeValue: text, childNodes: children.map(wake),
  getAttribute: (name) => attributes[name] ?? null,
});
const given = JSON.parse(await new Response(process.stdin).text());
console.log(JSON.stringify(given.map(([tree, text]) => withChangedText(reduceInBlocks(wake(tree)), text))));
"""
IS_FORMATTED: Final = """
const { hasFormatting } = await import("./wasm_build/ui/text_markup.js");
const given = JSON.parse(await new Response(process.stdin).text());
console.log(JSON.stringify(given.map(([markup, text]) => hasFormatting({ markup, text }))));
"""
BREAKS: Final = """
const { withBreaks } = await import("./wasm_build/ui/text_markup.js");
console.log(JSON.stringify(JSON.parse(await new Response(process.stdin).text()).map(withBreaks)));
"""
DOCUMENT: Final = """
const { documentOf } = await import("./wasm_build/ui/text_markup.js");
console.log(JSON.stringify(documentOf(JSON.parse(await new Response(process.stdin).text()))));
"""


def run_node(script: str, given: object) -> Any:
    command = ["node", "--no-warnings", "--input-type=module", "-e", script]
    done = subprocess.run(command, cwd=ROOT, input=json.dumps(given), check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def mark_up(*texts: str) -> list[str]:
    found: list[str] = run_node(MARK_UP, texts)
    return found


def change(markup: str, text: str) -> str:
    (found,) = run_node(CHANGE, [(Tree(markup).open[0], text)])
    return str(found)


def test_paragraphs_lines_and_quotations_of_a_text_are_kept() -> None:
    texts = {
        "": "",
        "a": "<p>a</p>",
        "a\nb\n\nc": "<p>a<br>b</p><p>c</p>",
        "\n\n-- \nAlice": "<p><br></p><p><br></p><p>--\N{NO-BREAK SPACE}<br>Alice</p>",
        "a\n\n\nb\n": "<p>a</p><p><br></p><p><br></p><p>b</p><p><br></p>",
        "Bob:\n> a\n>\n>> b": "<p>Bob:</p><blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>",
        '<b> & "x"': "<p>&lt;b&gt; &amp; &quot;x&quot;</p>",
    }
    assert dict(zip(texts, mark_up(*texts), strict=True)) == texts


def test_the_text_of_the_markup_of_a_text_is_that_text() -> None:
    source = random.Random(4)  # noqa: S311 (the same texts every time)
    lines = ["", "", "a", "b  c", " d", "e ", "-- ", "<f>", "& g", "1. h", "- i"]
    texts = ["\n".join(source.choice(lines) for _ in range(source.randrange(1, 9))) for _ in range(300)]
    # White space at the very end of a paragraph is not shown.
    texts = ["\n".join(line.rstrip() if line != "-- " else line for line in text.split("\n")) + "\nz" for text in texts]
    marked = mark_up(*texts)
    assert all(WRITTEN.fullmatch(one) for one in marked)
    found = reduce_all(*marked)
    assert [markup for markup, _ in found] == marked
    expected = [text.replace("-- \n\n", "--\n\n") for text in texts]
    assert [text.replace("-- \n\n", "--\n\n") for _, text in found] == expected
    assert not any(run_node(IS_FORMATTED, found))


def test_quotations_are_apart_from_the_words_before_them_and_then_stay() -> None:
    ((markup, text),) = reduce_all(*mark_up("Bob wrote:\n> a\n> b\nc"))
    assert text == "Bob wrote:\n\n> a\n> b\n\nc"
    assert mark_up(text) == [markup]


def test_only_formatting_counts_as_formatting() -> None:
    written = {
        "<p>a\N{NO-BREAK SPACE}b</p>": False,
        "<blockquote>a</blockquote>": False,
        "<p>a <strong>b</strong></p>": True,
        "<ul><li>a</li></ul>": True,
        '<a href="https://a.test/">https://a.test/</a>': True,
    }
    assert run_node(IS_FORMATTED, reduce_all(*written)) == list(written.values())


def test_single_no_break_blanks_of_browsers_become_blanks() -> None:
    written = ["<p>a_<em>b</em>_c_d</p>", "<p>a_ b__c</p>", "<p>_a_</p><p>--_<br>b</p>"]
    expected = ["<p>a <em>b</em> c d</p>", "<p>a_ b__c</p>", "<p>_a_</p><p>--_<br>b</p>"]
    found = run_node(BREAKS, [one.replace("_", "\N{NO-BREAK SPACE}") for one in written])
    assert [one.replace("\N{NO-BREAK SPACE}", "_") for one in found] == expected


def test_deep_quotations_end() -> None:
    ((markup, text),) = reduce_all(*mark_up(">" * 5_000 + " a"))
    assert WRITTEN.fullmatch(markup)
    assert text.endswith(" a")


LETTER: Final = "<p>Hello <b>Bob</b></p><ul><li>a</li><li>b</li></ul><p>Yours</p><p><i>Alice</i></p>"
HELLO, LIST = "<p>Hello <strong>Bob</strong></p>", "<ul><li>a</li><li>b</li></ul>"
YOURS = "<p>Yours</p><p><em>Alice</em></p>"


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("Hello Bob\n\n- a\n- b\n\nYours\n\nAlice", HELLO + LIST + YOURS),
        ("Hello Bob\n\n- a\n- c\n\nYours\n\nAlice", f"{HELLO}<p>- a<br>- c</p>{YOURS}"),
        ("Hi\n\nYours\n\nAlice", f"<p>Hi</p>{YOURS}"),
        ("Hello Bob\n\n- a\n- b\n\nYours\n\nAlice\n\nPS", f"{HELLO}{LIST}{YOURS}<p>PS</p>"),
        ("Hello Bobby", "<p>Hello Bobby</p>"),
        ("", ""),
    ],
)
def test_what_another_program_has_not_changed_keeps_its_formatting(text: str, changed: str) -> None:
    assert change(LETTER, text) == changed


def test_the_sent_document_has_the_direction_of_its_words_and_marks_quotations() -> None:
    sent = run_node(DOCUMENT, "<p>&lt;p&gt;</p><blockquote><ul><li>a</li></ul></blockquote>")
    assert sent == (
        '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n<p dir="auto">&lt;p&gt;</p>'
        '<blockquote type="cite" dir="auto"><ul dir="auto"><li dir="auto">a</li></ul></blockquote>\n</body></html>'
    )
