"""A name beside an address is written by the same rules in the core, in the pages and in the extension."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import unicodedata
from typing import Any, Final
from urllib.parse import quote

import pytest

from smime_core.mime import clean_filename
from smime_core.text import looks_like_address, write_proved
from tests.support.project import ROOT

ALICE: Final = "alice@example.test"
_FORMATS: Final = ROOT / "wasm_build/ui/formats.js"
_WRITE: Final = """
import { readFileSync } from "node:fs";
const { writeMailbox } = await import(process.argv[1]);
const { address, names } = JSON.parse(readFileSync(0, "utf-8"));
console.log(JSON.stringify(names.map((name) => writeMailbox({ name, address }))));
"""
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


_PEOPLE: Final = """
const { createPeople } = await import(process.argv[1]);
const mailboxes = JSON.parse(process.argv[2]);
console.log(JSON.stringify(mailboxes.flatMap((one) => createPeople({ count: 1, mailboxes: [one] }, {}))));
"""


def write_in_pages(names: list[str], address: str = ALICE) -> list[str]:
    """The names beside an address as pages and extension write them."""
    if shutil.which("node") is None:
        pytest.skip("not installed: node")
    command = ["node", "--input-type=module", "-e", _WRITE, _FORMATS.as_uri()]
    given = json.dumps({"address": address, "names": names}).encode()
    found: list[str] = json.loads(subprocess.run(command, input=given, capture_output=True, check=True).stdout)
    return found


@pytest.mark.parametrize(("name", "shown"), _NAMES.items(), ids=[ascii(name)[:40] for name in _NAMES])
def test_the_core_writes_no_name_that_looks_like_an_address(name: str, shown: str) -> None:
    assert write_proved(name, ALICE) == shown


def test_pages_and_extension_write_the_same_as_the_core() -> None:
    assert write_in_pages(list(_NAMES)) == list(_NAMES.values())
    assert write_in_pages(list(_NAMES), "") == [write_proved(name, "") for name in _NAMES]


def test_each_character_beside_an_address_is_written_alike_everywhere() -> None:
    """All characters of the older of both Unicode versions; the pages' Node may know further ones."""
    assigned = [
        chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) not in ("Cn", "Co", "Cs")
    ]
    core = [write_proved(f"ceo{character}bank", ALICE) for character in assigned]
    assert write_in_pages([f"ceo{character}bank" for character in assigned]) == core
    hidden = [one for one in assigned if unicodedata.category(one) in ("Cf", "Cc", "Zl", "Zp")]
    assert all(one not in core[assigned.index(one)] for one in hidden)
    signs = {"@", "<", ">"}
    for character, written in zip(assigned, core, strict=True):
        if signs & set(unicodedata.normalize("NFKC", character)):
            assert written == ALICE, ascii(character)


_CLEAN_FILE_NAME: Final = """
import { readFileSync } from "node:fs";
const { cleanName } = await import(process.argv[1]);
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf-8")).map(cleanName)));
"""
# Default_Ignorable_Code_Point of Unicode beyond the format characters, and the empty braille pattern.
_FILLERS: Final = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180f\u2800\u3164\ufe00\ufe0f\uffa0\U000e0100\U0001d173"


def test_no_invisible_characters_push_the_kind_of_a_file_out_of_sight() -> None:
    if shutil.which("node") is None:
        pytest.skip("not installed: node")
    blanks = [chr(code) for code in range(0x10000) if chr(code).isspace() or unicodedata.category(chr(code)) == "Cf"]
    names = [f"invoice.pdf{character * 60}.exe" for character in (*blanks, *_FILLERS)]
    command = ["node", "--input-type=module", "-e", _CLEAN_FILE_NAME, (ROOT / "wasm_build/ui/attachments.js").as_uri()]
    in_pages = json.loads(
        subprocess.run(command, input=json.dumps(names).encode(), capture_output=True, check=True).stdout
    )
    for name, cleaned in zip(names + names, [*map(clean_filename, names), *in_pages], strict=True):
        assert cleaned in ("invoice.pdf.exe", "invoice.pdf .exe"), ascii(name)


_ROW: Final = """
const { senderOf } = await import(process.argv[1]);
const { shortName } = await import(process.argv[2]);
console.log(JSON.stringify(JSON.parse(process.argv[3]).map((row) => shortName(senderOf(row)))));
"""


def test_a_row_whose_sender_cannot_be_read_shows_no_text_that_looks_like_an_address() -> None:
    texts = [one for one in _NAMES if one.strip() and one != "\u200f"]
    rows = [{"from": one, "sender": None} for one in texts]
    people, names = (ROOT / one for one in ("webbridge/pages/row_people.js", "wasm_build/ui/shown_names.js"))
    shown = run_node(_ROW, people.as_uri(), names.as_uri(), json.dumps(rows))
    assert shown == ["?" if _NAMES[one] == ALICE else _NAMES[one].removesuffix(f" <{ALICE}>") for one in texts]


_INVISIBLE: Final = (
    "\u00ad\u034f\u115f\u1160\u17b4\u180b\u200b\u2028\u202e\u2066\u2800\u3164\ufe0f\ufeff\uffa0\U000e0100\n\x00"
)
_ADDRESSES: Final = """
const { cleanAddress, isAddress } = { ...(await import(process.argv[1])), ...(await import(process.argv[2])) };
console.log(JSON.stringify(JSON.parse(process.argv[3]).map((one) => [cleanAddress(one), isAddress(one)])));
"""
_PLACES: Final = """
const { readLink } = await import(process.argv[1]);
console.log(JSON.stringify(JSON.parse(process.argv[2]).map((one) => readLink(one).place)));
"""


def run_node(script: str, *arguments: str) -> Any:
    if shutil.which("node") is None:
        pytest.skip("not installed: node")
    command = ["node", "--input-type=module", "-e", script, *arguments]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def test_each_invisible_character_of_an_address_has_a_picture() -> None:
    modules = [(ROOT / f"wasm_build/ui/{one}.js").as_uri() for one in ("shown_names", "formats")]
    given = [ALICE, *(f"ali{one}ce@example.test" for one in _INVISIBLE)]
    first, *others = run_node(_ADDRESSES, *modules, json.dumps(given))
    assert first == [ALICE, True]
    assert others == [["ali\ufffdce@example.test", False]] * len(_INVISIBLE)


def test_the_place_of_a_mail_link_shows_no_address_in_another_direction() -> None:
    """The place is beside the words of the link, which may say anything."""
    hidden = [quote(one) for one in _INVISIBLE]
    links = [f"mailto:{one}tset.elpmaxe@eve" for one in hidden] + [
        f"mailto:a@b.test?cc={one}x@y.test" for one in hidden
    ]
    places = run_node(_PLACES, (ROOT / "wasm_build/ui/mail_markup.js").as_uri(), json.dumps(links))
    expected = ["\ufffdtset.elpmaxe@eve"] * len(hidden) + ["a@b.test, \ufffdx@y.test"] * len(hidden)
    assert places == expected


_HOLDERS: Final = """
const { holderText } = await import(process.argv[1]);
console.log(JSON.stringify(JSON.parse(process.argv[2]).map(holderText)));
"""


def test_the_title_of_a_certificate_without_an_address_shows_none() -> None:
    """A subject may hold any text. Only a name of an address form in the certificate is an address."""
    subjects = [f"CN={one}, O=Example" for one in _NAMES if one.strip()]
    given = [{"addresses": [], "name": "ceo_bank.example", "subject": one} for one in subjects]
    modules = (ROOT / "wasm_build/ui/shown_names.js").as_uri()
    for subject, shown in zip(subjects, run_node(_HOLDERS, modules, json.dumps(given)), strict=True):
        assert not looks_like_address(shown), subject
        assert not any(unicodedata.category(one) in ("Cf", "Cc", "Cs") for one in shown), subject
    own = {"addresses": [ALICE, "bob@example.test"], "name": "Alice", "subject": "CN=Alice"}
    plain = {"addresses": [], "name": "Example CA", "subject": "CN=Example CA, O=Example"}
    nobody = {"addresses": [], "name": "SHA-256 00:11…", "subject": ""}
    shown = run_node(_HOLDERS, modules, json.dumps([own, plain, nobody]))
    assert shown == [ALICE, "CN=Example CA, O=Example", "SHA-256 00:11…"]


@pytest.mark.parametrize("name", ["", "Alice", "\U0001f600" * 5_000, "boss@bank.example", "Boss <boss@bank.example>"])
@pytest.mark.parametrize(
    "address", [ALICE, f"alice@example.test.{'x' * 230}.evil.test", f"{'a' * 64}@{'b' * 250}.test"]
)
def test_a_claimed_person_is_shown_with_the_whole_address_and_no_other(name: str, address: str) -> None:
    if shutil.which("node") is None:
        pytest.skip("not installed: node")
    given = json.dumps([{"name": name, "address": address}])
    module = (ROOT / "wasm_build/ui/clamped_people.js").as_uri()
    command = ["node", "--input-type=module", "-e", _PEOPLE, module, given]
    (shown,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert shown == write_proved(name, address)
