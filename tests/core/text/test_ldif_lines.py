"""Lines of LDIF and vCard: folded, unfolded, and values escaped (RFC 2849, RFC 4514, RFC 6350 section 3.2)."""

from __future__ import annotations

import pytest

from smime_core.text import build_ldif_line, escape_dn_value
from smime_core.text.folded_lines import fold_line, unfold_lines


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a@b", "a@b"),
        ("a+b,c@d", "a\\2bb\\2cc@d"),
        ('"\\<>;=#', "\\22\\5c\\3c\\3e\\3b\\3d\\23"),
        (" a ", "\\20a\\20"),
        ("ü", "ü"),
        ("\0", "\\00"),
    ],
)
def test_values_in_a_dn_are_escaped(text: str, escaped: str) -> None:
    assert escape_dn_value(text) == escaped


@pytest.mark.parametrize(("value", "line"), [
    ("a@b.test", b"mail: a@b.test\n"),
    (":a", b"mail:: OmE=\n"),
    ("<a", b"mail:: PGE=\n"),
    (" a", b"mail:: IGE=\n"),
    ("a ", b"mail:: YSA=\n"),
    ("a\nb", b"mail:: YQpi\n"),
    ("\u00e4", b"mail:: w6Q=\n"),
    ("", b"mail:: \n"),
])  # fmt: skip
def test_a_value_that_is_not_safe_is_written_in_base64(value: str, line: bytes) -> None:
    assert build_ldif_line("mail", value) == line


@pytest.mark.parametrize("text", [b"", b"a", b"a" * 10, b"a" * 11, b"a" * 100, "\u00e4\U0001f600".encode() * 20])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_folded_line_is_unfolded_again(text: bytes, line_end: bytes) -> None:
    folded = fold_line(text, 10, line_end)
    assert all(len(line) <= 10 and line.decode() for line in folded.split(line_end)[:-1]) or not text
    assert list(unfold_lines(folded, b" ")) == [text]


def test_only_the_given_blanks_continue_a_line() -> None:
    assert list(unfold_lines(b"\xef\xbb\xbf a\r\n b\n\tc\n\nd", b" ")) == [b" ab", b"\tc", b"", b"d"]
    assert list(unfold_lines(b"a\n b\n\tc", b" \t")) == [b"abc"]
