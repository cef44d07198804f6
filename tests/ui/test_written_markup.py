"""Markup that a person writes or pastes becomes few tags, and the same words as plain text."""

from __future__ import annotations

import random
import re
import shutil
from typing import Final

import pytest

from smime_core.mail.html_text import extract_text
from tests.support.written_markup import WRITTEN, count_writings, reduce_all

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

# Each with its markup and its text.
CASES: Final = [
    ("<b>Hello</b> <i>Bob</i>", "<p><strong>Hello</strong> <em>Bob</em></p>", "Hello Bob"),
    ("<div>one</div><div><br></div><div>two</div>", "<p>one</p><p><br></p><p>two</p>", "one\n\ntwo"),
    ("<p>one</p> <p>two<br><br></p>", "<p>one</p><p>two</p>", "one\n\ntwo"),
    ("<ul><li>a</li> <li>b</li></ul>", "<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
    (
        "<ol><li><p>a</p><ul><li>b</li></ul></li><ul><li>c</li></ul></ol>",
        "<ol><li>a<ul><li>b</li></ul><ul><li>c</li></ul></li></ol>",
        "1. a\n   - b\n   - c",
    ),
    (
        "<blockquote><p>a</p><p>b</p></blockquote>c",
        "<blockquote><p>a</p><p>b</p></blockquote><p>c</p>",
        "> a\n>\n> b\n\nc",
    ),
    (
        '<a href="https://a.test/x">here</a>',
        '<p><a href="https://a.test/x">here</a></p>',
        "here <https://a.test/x>",
    ),
    (
        '<a href="https://a.test">https://a.test</a>',
        '<p><a href="https://a.test/">https://a.test</a></p>',
        "https://a.test",
    ),
    ('<a href="mailto:a@b.test">a@b.test</a>', '<p><a href="mailto:a@b.test">a@b.test</a></p>', "a@b.test"),
    (
        '<a href="https://a.test/"><b>x</b> y</a>',
        '<p><a href="https://a.test/"><strong>x</strong></a><a href="https://a.test/"> y</a></p>',
        "x y <https://a.test/>",
    ),
    ("<b><p>a</p><p>b</p></b>", "<p><strong>a</strong></p><p><strong>b</strong></p>", "a\n\nb"),
    ("<table><tr><td>a</td><td>b</td></tr></table>", "<p>a b</p>", "a b"),
    (" \n <p> a \n b </p>\t", "<p>a b</p>", "a b"),
    ("a\N{NO-BREAK SPACE} b", "<p>a\N{NO-BREAK SPACE} b</p>", "a  b"),
    ("&lt;b&gt; &amp;amp; &quot;", "<p>&lt;b&gt; &amp;amp; &quot;</p>", '<b> &amp; "'),
    ("", "", ""),
]


def test_keeps_few_tags_and_gives_the_words() -> None:
    found = reduce_all(*(written for written, _, _ in CASES))
    assert found == [(markup, text) for _, markup, text in CASES]


def test_leaves_out_all_else() -> None:
    hostile = [
        '<p onclick="x()" style="color:red" class="c" id="i">a</p>',
        "<script>x()</script><style>p{}</style>a<!-- comment -->",
        '<img src="https://evil.test/" onerror="x()" alt="b">a<iframe srcdoc="c"></iframe>',
        '<svg><a href="https://evil.test/">b</a></svg><math>c</math>a',
        '<a href="javascript:x()">a</a>',
        '<a href="http://a.test/">a</a>',
        '<a href="data:text/html,b">a</a>',
        '<a href=" java&#10;script:x()">a</a>',
        '<a href="/relative">a</a>',
        "<form action='https://evil.test/'><input value='b'><button>c</button>a</form>",
        "<template>b</template><noscript>c</noscript>a\0\x1b",
    ]
    assert reduce_all(*hostile) == [("<p>a</p>", "a")] * len(hostile)


def test_an_address_cannot_leave_its_attribute() -> None:
    ((markup, _),) = reduce_all("""<a href="https://a.test/?a=1&amp;b=&quot;&gt;&lt;b&gt;'">x</a>""")
    assert WRITTEN.fullmatch(markup)
    assert markup.count('"') == 2


def make_markup(source: random.Random, depth: int = 0) -> str:
    """Random markup, well nested and not."""
    names = [
        "p",
        "div",
        "b",
        "i",
        "ul",
        "ol",
        "li",
        "blockquote",
        "a href='https://a.test/'",
        "span",
        "td",
        "script",
        "br",
    ]
    pieces = ["a", " ", "\n", "b c ", "<br>", "&lt;x&gt;", "\N{NO-BREAK SPACE}", "<!--c-->", "</p>", "</b>"]
    made = []
    for _ in range(source.randrange(1, 5)):
        if depth < 5 and source.random() < 0.6:
            name = source.choice(names)
            made.append(f"<{name}>{make_markup(source, depth + 1)}</{name.split(' ', 1)[0]}>")
        else:
            made.append(source.choice(pieces))
    return "".join(made)


def test_reducing_again_changes_nothing_and_no_other_tag_is_left() -> None:
    source = random.Random(9)  # noqa: S311 (the same markup every time)
    first = reduce_all(*(make_markup(source) for _ in range(300)))
    assert reduce_all(*(markup for markup, _ in first)) == first
    for markup, text in first:
        assert WRITTEN.fullmatch(markup), markup
        letters = re.sub("[^abcx]", "", text.replace("<https://a.test/>", ""))
        assert letters == re.sub("[^abcx]", "", extract_text(markup).replace("[a.test]", ""))


def test_deep_markup_ends() -> None:
    ((markup, text),) = reduce_all("<ul><li>" * 150 + "a" + "<div>" * 100 + "b")
    assert WRITTEN.fullmatch(markup)
    assert re.sub("[^ab]", "", text) == "ab"


def test_nested_quotations_are_written_once() -> None:
    depth = 10
    assert count_writings("<blockquote>" * depth + "a" + "</blockquote><p>b</p>" * depth) == depth + 1


def test_the_styles_of_other_programs_make_words_bold_or_not() -> None:
    written = [
        '<b style="font-weight:normal" id="docs"><span style="font-weight:700;color:red">a</span> b</b>',
        '<span style="FONT-WEIGHT: bold; font-style: italic">a</span>',
        '<em style="font-style:normal">a</em>',
    ]
    assert [markup for markup, _ in reduce_all(*written)] == [
        "<p><strong>a</strong> b</p>",
        "<p><strong><em>a</em></strong></p>",
        "<p>a</p>",
    ]
