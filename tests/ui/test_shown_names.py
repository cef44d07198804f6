"""A name beside an address is written by the same rules in the core, in the pages and in the extension."""

from __future__ import annotations

import sys
import unicodedata
from typing import Final
from urllib.parse import quote

import pytest

from smime_core.mime import clean_filename
from smime_core.text import looks_like_address, write_proved
from tests.support.node_tests import check_in_node

ALICE: Final = "alice@example.test"
# An address-like name has one of these, and the address is then without a name.
_AT_SIGNS: Final = "@\uff20\ufe6b\u24d0\u24b6"
_ANGLES: Final = (
    "<>\uff1c\uff1e\ufe64\ufe65\u226e\u226f\u2039\u203a\u2329\u232a\u3008\u3009\u27e8\u27e9"
    "\u276c\u276d\u276e\u276f\u2770\u2771"
)
_NAMES: Final = {
    "": ALICE,
    " \t": ALICE,
    "\u200f": ALICE,
    "Alice": f"Alice <{ALICE}>",
    "CN=Alice, O=Example (Ward 3) [x]": f"CN=Alice, O=Example (Ward 3) [x] <{ALICE}>",
    "علي": f"علي <{ALICE}>",
    "山田太郎": f"山田太郎 <{ALICE}>",
    ALICE: ALICE,
    "ceo@bank.example": ALICE,
    "CN=ceo@bank.example": ALICE,
    "ceo @ bank . example": ALICE,
    "ceo\u200b@\u200bbank.example": ALICE,
    "Boss ceo@bank.example": ALICE,
    "Bank\u202e\u2066": f"Bank <{ALICE}>",
    "\u202eecilA": f"ecilA <{ALICE}>",
    "Bank\n\nVerified\u2028x\x00\x1b[2J": f"Bank Verified x [2J <{ALICE}>",
    "Bank\u200b\ufeff\u00ad\u180eX": f"BankX <{ALICE}>",
    "x" * 100: f"{'x' * 100} <{ALICE}>",
    "x" * 101: f"{'x' * 100}… <{ALICE}>",
    "\U0001f600" * 5_000: f"{chr(0x1F600) * 100}… <{ALICE}>",
    "x" * 5_000 + "@bank.example": f"{'x' * 100}… <{ALICE}>",
    "\u200b" * 5_000 + "ceo@bank.example": ALICE,
    **{f"ceo{sign}bank.example": ALICE for sign in _AT_SIGNS},
    **{f"Bank {sign} ceo": ALICE for sign in _ANGLES},
    **{f"Bank {sign}\u0338 ceo": ALICE for sign in "@<>\uff1c\uff1e"},
}


def beside(names: list[str], address: str = ALICE) -> list[dict[str, str]]:
    """The names as the core writes them beside an address."""
    return [{"name": name, "address": address, "shown": write_proved(name, address)} for name in names]


@pytest.mark.parametrize(("name", "shown"), _NAMES.items(), ids=[ascii(name)[:40] for name in _NAMES])
def test_the_core_writes_no_name_that_looks_like_an_address(name: str, shown: str) -> None:
    assert write_proved(name, ALICE) == shown


def test_pages_and_extension_write_the_same_as_the_core() -> None:
    names = [{"name": name, "address": ALICE, "shown": shown} for name, shown in _NAMES.items()]
    check_in_node("shown_names", "pages and extension write the same as the core", names + beside(list(_NAMES), ""))


def test_each_character_beside_an_address_is_written_alike_everywhere() -> None:
    """All characters of the older of both Unicode versions; the pages' Node may know further ones."""
    assigned = [
        chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) not in ("Cn", "Co", "Cs")
    ]
    vectors = beside([f"ceo{character}bank" for character in assigned])
    check_in_node("shown_names", "each character beside an address is written alike everywhere", vectors)
    core = [vector["shown"] for vector in vectors]
    hidden = [code_point for code_point in assigned if unicodedata.category(code_point) in ("Cf", "Cc", "Zl", "Zp")]
    assert all(code_point not in core[assigned.index(code_point)] for code_point in hidden)
    signs = {"@", "<", ">"}
    for character, written in zip(assigned, core, strict=True):
        if signs & set(unicodedata.normalize("NFKC", character)):
            assert written == ALICE, ascii(character)


# Default_Ignorable_Code_Point of Unicode beyond the format characters, and the empty braille pattern.
_FILLERS: Final = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180f\u2800\u3164\ufe00\ufe0f\uffa0\U000e0100\U0001d173"


def test_no_invisible_characters_push_the_kind_of_a_file_out_of_sight() -> None:
    blanks = [chr(code) for code in range(0x10000) if chr(code).isspace() or unicodedata.category(chr(code)) == "Cf"]
    names = [f"invoice.pdf{character * 60}.exe" for character in (*blanks, *_FILLERS)]
    cleaned = ["invoice.pdf.exe", "invoice.pdf .exe"]
    for name in names:
        assert clean_filename(name) in cleaned, ascii(name)
    vectors = {"names": names, "cleaned": cleaned}
    check_in_node("shown_names", "no invisible characters push the kind of a file out of sight", vectors)


def test_a_row_whose_sender_cannot_be_read_shows_no_text_that_looks_like_an_address() -> None:
    texts = [name for name in _NAMES if name.strip() and name != "\u200f"]
    shown = ["?" if _NAMES[key] == ALICE else _NAMES[key].removesuffix(f" <{ALICE}>") for key in texts]
    rows = [{"from": text, "shown": words} for text, words in zip(texts, shown, strict=True)]
    check_in_node("shown_names", "a row whose sender cannot be read shows no text that looks like an address", rows)


_INVISIBLE: Final = (
    "\u00ad\u034f\u115f\u1160\u17b4\u180b\u200b\u2028\u202e\u2066\u2800\u3164\ufe0f\ufeff\uffa0\U000e0100\n\x00"
)


def test_each_invisible_character_of_an_address_has_a_picture() -> None:
    hidden = [f"ali{character}ce@example.test" for character in _INVISIBLE]
    vectors = {"plain": ALICE, "hidden": hidden, "shown": "ali\ufffdce@example.test"}
    check_in_node("shown_names", "each invisible character of an address has a picture", vectors)


def test_the_place_of_a_mail_link_shows_no_address_in_another_direction() -> None:
    """The place is beside the words of the link, which may say anything."""
    hidden = [quote(character) for character in _INVISIBLE]
    links = [f"mailto:{character}tset.elpmaxe@eve" for character in hidden] + [
        f"mailto:a@b.test?cc={character}x@y.test" for character in hidden
    ]
    expected = ["\ufffdtset.elpmaxe@eve"] * len(hidden) + ["a@b.test, \ufffdx@y.test"] * len(hidden)
    vectors = [{"link": link, "place": place} for link, place in zip(links, expected, strict=True)]
    check_in_node("shown_names", "the place of a mail link shows no address in another direction", vectors)


def test_the_title_of_a_certificate_without_an_address_shows_none() -> None:
    """A subject may hold any text. Only a name of an address form in the certificate is an address."""
    subjects = [f"CN={name}, O=Example" for name in _NAMES if name.strip()]
    own = {"addresses": [ALICE, "bob@example.test"], "name": "Alice", "subject": "CN=Alice"}
    plain = {"addresses": [], "name": "Example CA", "subject": "CN=Example CA, O=Example"}
    nobody = {"addresses": [], "name": "SHA-256 00:11…", "subject": ""}
    titles = [(own, ALICE), (plain, "Example CA"), (nobody, "SHA-256 00:11…")]
    signs = [chr(code) for code in range(0x10000) if looks_like_address(chr(code))]
    vectors = {
        "subjects": subjects,
        "signs": signs,
        "titles": [{"holder": holder, "shown": shown} for holder, shown in titles],
    }
    check_in_node("shown_names", "the title of a certificate without an address shows none", vectors)


@pytest.mark.parametrize("name", ["", "Alice", "\U0001f600" * 5_000, "boss@bank.example", "Boss <boss@bank.example>"])
@pytest.mark.parametrize(
    "address", [ALICE, f"alice@example.test.{'x' * 230}.evil.test", f"{'a' * 64}@{'b' * 250}.test"]
)
def test_a_claimed_person_is_shown_with_the_whole_address_and_no_other(name: str, address: str) -> None:
    vectors = {"name": name, "address": address, "shown": write_proved(name, address)}
    check_in_node("shown_names", "a claimed person is shown with the whole address and no other", vectors)
