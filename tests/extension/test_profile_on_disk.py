"""Nothing of what the extension has shown is in the browser's profile: neither in its history nor anywhere else."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from smime_core import Identity, blocking
from smime_core.blocking import run
from smime_core.cms import Encrypting
from smime_core.identity import export_identity
from tests.support.browser.browsers import Name, missing_programs
from tests.support.browser.profile_search import find_in_profile
from tests.support.browser.residue.lab import random_word, start
from tests.support.browser.residue.markers import needles_for
from tests.support.extension.driver import Extension, running_site
from tests.support.extension.viewer import open_file
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.parcels import MESSAGE, letter, run_parcel_house
from tests.support.people import PROVIDER

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.in_turn]

PASSPHRASE = "Vier Möwen & ein Wal"
CONTROL = "title of a page of others"
THINGS = ("subject", "text", "attachment", "file", "reply", "mail's subject", "mail's text", "name of a mail", CONTROL)


def write_keys(identity: Identity, folder: Path) -> Path:
    file = folder / "keys.p12"
    file.write_bytes(run(export_identity(identity, PASSPHRASE.encode(), provider=PROVIDER, iterations=2048)))
    return file


def encrypt(mail: bytes, reader: Identity) -> bytes:
    return blocking.encrypt_message(mail, Encrypting(recipients=[reader.certificate]), provider=PROVIDER)


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_the_profile_has_nothing_of_a_parcel_and_a_letter_that_the_extension_has_shown(
    name: Name, folder: Path, pages_with_sources: Path, tmp_path: Path
) -> None:
    if missing := missing_programs(name):
        pytest.skip(f"not installed: {', '.join(missing)}")
    words = {thing: random_word() for thing in THINGS}
    profile = tmp_path / "profile"
    house = run_parcel_house(pages_with_sources, tmp_path / "store")
    with house as parcels, running_site() as webmail, closing(start(name, profile)) as browser:
        extension = Extension(browser, folder)
        extension.keep(anchors=[parcels.stack.folder / "ca.pem"])
        control = browser.open(webmail.page_with("<p>control</p>"))
        control.js("(title) => { document.title = title; }", words[CONTROL])
        message = letter(words["subject"], words["text"], attached=[(f"{words['attachment']}.txt", b"Bring wax.")])
        files = {MESSAGE: message, f"{words['file']}.pdf": b"%PDF-1.7 the plan"}
        sent = parcels.send(files, kind="message", signer=parcels.stack.accounts[1].identity)
        page = browser.open(f"{extension.base}parcel/parcel.html")
        page.wait_for_selector(named("address"))
        page.fill(named("address"), sent.link(parcels.stack.pages_url))
        page.click(named("address-go"))
        page.wait_for_selector(named("admit-server"))
        page.click(named("admit-server"))
        page.wait_for_selector(named("words"), timeout_seconds=OPERATION_SECONDS)
        page.fill(named("words"), sent.words)
        page.click(named("open-parcel"))
        page.wait_for_selector(f'{named("parcel")}[aria-busy="false"]', timeout_seconds=OPERATION_SECONDS)
        # The subject is in the sandboxed frame of the letter.
        page.wait_for_text(words["file"], selector="main", timeout_seconds=OPERATION_SECONDS)
        assert words["subject"] not in page.js("() => document.title")
        page.wait_for_selector(named("write-answer"), timeout_seconds=OPERATION_SECONDS)
        page.click(named("write-answer"))
        page.wait_for_selector(named("answer-text"))
        page.fill(named("answer-text"), words["reply"])
        extension.unlock(write_keys(parcels.stack.accounts[1].identity, tmp_path), PASSPHRASE)
        viewer = browser.open(f"{extension.base}viewer/viewer.html")
        file = tmp_path / f"{words['name of a mail']}.eml"
        file.write_bytes(
            encrypt(letter(words["mail's subject"], words["mail's text"]), parcels.stack.accounts[1].identity)
        )
        open_file(viewer, file)
        viewer.wait_for_text("Encrypted", selector="main", timeout_seconds=OPERATION_SECONDS)
    words["words"] = sent.words
    needles = [it for thing, word in words.items() for it in needles_for(thing, [word.encode()])]
    found = find_in_profile(profile, needles)
    assert CONTROL in {thing for thing, _ in found}
    assert {(thing, place) for thing, place in found if thing != CONTROL} == set()
