"""The core reads the words of a letter with formatting as the letter's own text has them."""

from __future__ import annotations

import random
import re

from smime_core.mail.html_text import extract_text
from tests.support.node_tests import check_in_node


def make_line(source: random.Random) -> str:
    """Words with and without marks."""
    pieces = ["a", "b c", "<strong>x</strong>", "<em>a</em>", '<a href="https://a.test/">x</a>', "&lt;b&gt;", "<br>"]
    return "c" + "".join(f"{source.choice(pieces)}c" for _ in range(source.randrange(1, 4)))


def make_block(source: random.Random, depth: int = 0) -> str:
    """A paragraph, a list or a quotation, as the pages write it."""
    if depth == 4 or source.random() < 0.4:
        return f"<p>{make_line(source)}</p>"
    if source.random() < 0.5:
        return f"<blockquote>{make_block(source, depth + 1)}{make_block(source, depth + 1)}</blockquote>"
    name = source.choice(["ul", "ol"])
    return f"<{name}><li>{make_line(source)}<ul><li>{make_line(source)}</li></ul></li><li>a</li></{name}>"


def test_the_core_reads_the_words_that_the_text_has() -> None:
    source = random.Random(9)  # noqa: S311 (the same markup every time)
    written = [make_block(source) + make_block(source) for _ in range(300)]
    vectors = [
        {"markup": markup, "letters": re.sub("[^abcx]", "", extract_text(markup).replace("[a.test]", ""))}
        for markup in written
    ]
    check_in_node("written_markup", "the core reads the words that the text has", vectors)
