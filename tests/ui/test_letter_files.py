"""The names of a letter's files in its parcel: each is one that the format allows, and none is that of another file."""

from __future__ import annotations

import sys
import unicodedata

from smime_core.errors import SmimeError
from smime_core.limits import MAX_PARCEL_NAME_BYTES
from smime_core.parcels import check_file_name
from tests.support.node_tests import check_in_node


def spellings() -> list[tuple[str, ...]]:
    """Names of one letter, in all spellings that the format takes for one."""
    names = []
    for number in range(0x80, sys.maxunicode + 1):
        letter = chr(number)
        if unicodedata.category(letter) in ("Cs", "Co", "Cn"):
            continue
        forms = {letter, letter.upper(), letter.lower(), letter.casefold(), unicodedata.normalize("NFD", letter)}
        if len(forms) > 1:
            names.append(tuple(sorted(f"{form}.txt" for form in forms)))
    return names


def refused_characters() -> list[str]:
    """The characters that a name of the format does not have."""
    characters = []
    for letter in map(chr, range(sys.maxunicode + 1)):
        if unicodedata.category(letter) != "Cs":
            try:
                check_file_name(f"a{letter}")
            except SmimeError:
                characters.append(letter)
    return characters


def test_no_two_files_of_a_letter_have_one_name() -> None:
    lists = [*spellings(), ("message.eml", "MESSAGE.EML", "a:b", "a|b", "CON", "_con", "x" * 300, "x" * 301)]
    assert len(lists) > 1_000
    letters = [chr(number) for number in range(sys.maxunicode + 1) if not 0xD800 <= number < 0xE000]
    vectors = {
        "lists": lists,
        # Names are compared by this key (`smime_core.parcels.manifest`).
        "folded": {letter: letter.casefold() for letter in letters if letter.casefold() != letter},
        "refused": refused_characters(),
        "maxBytes": MAX_PARCEL_NAME_BYTES,
    }
    check_in_node("letter_files", "no two files of a letter have one name", vectors)
