"""The names of kept files that the pages allow."""

from __future__ import annotations

from smime_core.errors import SmimeError
from smime_core.parcels import check_file_name
from tests.support.node_tests import check_in_node

NAMES = [
    "a.txt",
    "",
    ".",
    "..",
    "a/b",
    "a\\b",
    "a\0",
    "a\u202eb",
    "\u200fa",
    "x" * 255,
    "x" * 256,
    "é" * 128,
    "a\x7f",
    "\u0085",
]


def is_name(name: str) -> bool:
    try:
        check_file_name(name)
    except SmimeError:
        return False
    return True


def test_the_page_allows_the_names_that_the_format_allows() -> None:
    vectors = {"names": NAMES, "allowed": [is_name(name) for name in NAMES]}
    check_in_node("file_tree", "the page allows the names that the format allows", vectors)
