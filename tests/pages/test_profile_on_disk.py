"""Nothing of what the pages have shown is in the browser's profile: neither in its history nor anywhere else."""

from __future__ import annotations

import secrets
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.browser.browsers import Name, missing_programs
from tests.support.browser.page import ENTER, Page
from tests.support.browser.profile_search import find_in_profile, lz4_block, snappy
from tests.support.browser.residue.lab import start
from tests.support.browser.residue.markers import needles_for
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.parcels import MESSAGE, ParcelHouse, ParcelPage, letter

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.in_turn]

CONTROL = "title of a page of others"


class Marks:
    """Random words, each for one thing that a view shows."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}

    def __call__(self, thing: str) -> str:
        return self.words.setdefault(thing, f"q{secrets.token_hex(10)}")


def read_parcel(page: Page, house: ParcelHouse, marks: Marks) -> None:
    message = letter(marks("subject"), marks("text"), attached=[(f"{marks('attachment')}.txt", b"Bring wax.")])
    files = {MESSAGE: message, f"{marks('file')}.pdf": b"%PDF-1.7 the plan"}
    sent = house.send(files, kind="message", signer=house.stack.accounts[1].identity)
    reader = ParcelPage(page.browser, sent.link(house.stack.pages_url), beside=page)
    reader.open(sent.words)
    reader.page.wait_for_text(marks("subject"), selector=named("parcel-heading"), timeout_seconds=OPERATION_SECONDS)
    assert marks("text") in reader.page.text(named("body"))
    assert marks("subject") not in reader.page.js("() => document.title")
    marks.words["words"] = sent.words
    # A page that is left keeps its entry in the history.
    reader.page.reload()
    reader.page.wait_for_selector("#app h1", timeout_seconds=OPERATION_SECONDS)


def write_and_read(page: Page, house: ParcelHouse, marks: Marks, folder: Path) -> None:
    alice, bob = house.stack.accounts[:2]
    pages = MailPages(page.browser, house.stack.pages_url, alice, beside=page)
    pages.enter()
    pages.write(to=bob.address, subject=marks("written subject"), text=marks("written text"))
    attached = folder / f"{marks('written file')}.txt"
    attached.write_text(marks("content of a file"))
    pages.page.choose_files(named("compose-file"), [attached])
    pages.send()
    settled = f"{named('messages')}[aria-busy=false]"
    pages.page.click(f"{named('folder')}[data-folder=Sent]")
    pages.page.wait_for("(inbox) => !location.hash.startsWith(inbox)", "#/folder/inbox")
    pages.page.wait_for_text("bob@", selector=f"{settled} {named('message-row')}", timeout_seconds=OPERATION_SECONDS)
    pages.page.click(named("message-row"))
    pages.page.wait_for_text(marks("written text"), selector=named("body"), timeout_seconds=OPERATION_SECONDS)
    pages.page.click(named("view-source"))
    pages.page.wait_for_selector(named("source"), timeout_seconds=OPERATION_SECONDS)
    pages.page.js("() => { location.hash = '#/folder/inbox'; }")
    pages.page.wait_for_selector(settled, timeout_seconds=OPERATION_SECONDS)
    pages.page.fill(named("search"), marks("search words") + ENTER)
    pages.page.wait_for_selector(settled, timeout_seconds=OPERATION_SECONDS)


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_the_profile_has_nothing_of_what_parcels_and_mail_have_shown(
    name: Name, parcel_house: ParcelHouse, tmp_path: Path
) -> None:
    if missing := missing_programs(name):
        pytest.skip(f"not installed: {', '.join(missing)}")
    marks, profile = Marks(), tmp_path / "profile"
    with closing(start(name, profile)) as browser:
        # A title that a script sets after the page was loaded is in the history too.
        page = browser.open(f"{parcel_house.stack.pages_url}/style.css")
        page.js("(title) => { document.title = title; }", marks(CONTROL))
        read_parcel(page, parcel_house, marks)
        write_and_read(page, parcel_house, marks, tmp_path)
    needles = [it for thing, word in marks.words.items() for it in needles_for(thing, [word.encode()])]
    found = find_in_profile(profile, needles)
    assert CONTROL in {thing for thing, _ in found}
    assert {(thing, place) for thing, place in found if thing != CONTROL} == set()


def test_the_search_reads_what_is_compressed() -> None:
    text = b"a wax seal, a wax seal, a wax seal"
    # Twelve literals, then a copy of what is twelve bytes before in both formats.
    assert lz4_block(bytes([0xCF]) + text[:12] + b"\x0c\x00" + bytes([len(text) - 12 - 4 - 15])) == text
    assert snappy(bytes([len(text), 11 << 2]) + text[:12] + bytes([(len(text) - 13) << 2 | 2, 12, 0])) == text
