"""A parcel and the answer to it leave no plaintext and no key at the servers.

Their disks, databases, logs, mails and traffic are searched.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from smime_core.blocking import run
from smime_core.parcels import ParcelKey, derive_parcel_key, proof_of
from tests.support.browser.browsers import Browser
from tests.support.browser.downloads import WITHOUT_DIALOG, downloads_into, wait_for_download
from tests.support.browser.residue.finder import Finder
from tests.support.browser.residue.markers import Needle, needles_for
from tests.support.browser.residue.private_keys import private_key_needles
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.parcel_letters import CAROL, LINK, ParcelLetter, answers_to, notice_to
from tests.support.pages.parcels import ParcelPage, ParcelRig, run_parcel_rig
from tests.support.people import PROVIDER
from tests.support.servers.parcels import text_of
from webbridge.config import BridgeConfig
from webbridge.database.tables import PARCEL
from webbridge.services import services_of

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

FILE_BYTES = 300_000


@pytest.fixture
def rig(pages_with_sources: Path, tmp_path: Path) -> Iterator[ParcelRig]:
    """A demonstration whose bridge keeps everything in files, and whose traffic is recorded."""

    def on_disk(config: BridgeConfig) -> BridgeConfig:
        (tmp_path / "bridge").mkdir()
        return replace(config, database=str(tmp_path / "bridge" / "bridge.sqlite"))

    store = tmp_path / "store"
    with run_parcel_rig(pages_with_sources, store, alter=on_disk, records_traffic=True) as running:
        yield running


def mark() -> str:
    return secrets.token_hex(16)


def key_of(rig: ParcelRig, words: str) -> ParcelKey:
    """The key that the words and the parcel's salt give."""
    with services_of(rig.apps[-1]).database.reading() as rows:
        (salt,) = rows.execute(select(PARCEL.c.salt)).scalars().all()
    return run(derive_parcel_key(words, bytes(salt), PROVIDER))


def contents_below(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def places_of(rig: ParcelRig, folder: Path, caplog: pytest.LogCaptureFixture) -> dict[str, list[bytes]]:
    """All that the servers have had, by the kind of place."""
    server = rig.stack.mail_server
    mails = [message.raw for account in rig.stack.accounts for message in server.messages(account.address)]
    return {
        **{kind: contents_below(folder / kind) for kind in ("store", "bridge")},
        "key server": [rig.stack.keys_database.read_bytes()],
        "logs": [json.dumps(vars(record), default=repr).encode() for record in caplog.records],
        "mails": [*rig.post.raw, *mails],
        "traffic": rig.traffic,
    }


def hits(needles: list[Needle], places: dict[str, list[bytes]]) -> set[tuple[str, str]]:
    finder = Finder(needles)
    pieces = [(place, piece) for place, several in places.items() for piece in several]
    return {(needle.secret, place) for place, piece in pieces for needle, _ in finder.find(piece)}


def test_the_servers_have_nothing_of_a_parcel_and_its_answer(
    browser: Browser, rig: ParcelRig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    subject, text, content, name, reply, reply_content, reply_name = (mark() for _ in range(7))
    film, note = tmp_path / f"{name}.bin", tmp_path / f"{reply_name}.txt"
    film.write_bytes(content.encode() * (FILE_BYTES // len(content)))
    note.write_text(reply_content)
    letter = ParcelLetter(browser, rig)
    letter.write(CAROL, subject=subject, text=text)
    letter.attach(film)
    letter.ask()
    letter.go()
    words = letter.wait_until_sent()
    letter.finish()
    match = LINK.search(notice_to(rig, CAROL, count=1))
    assert match
    link = rig.stack.pages_url + match[1]
    # The words are typed, and then they travel in the link.
    for has_words in (False, True):
        reader = ParcelPage(browser, f"{link}.{words.replace(' ', '-')}" if has_words else link)
        if not has_words:
            reader.type_words(words)
        reader.press_open()
        reader.wait_until_opened()
        assert text in reader.page.text(named("body"))
        reader.page.js(WITHOUT_DIALOG)
        with downloads_into(reader.page, tmp_path / f"saved-{has_words}"):
            reader.save(film.name)
            assert wait_for_download(tmp_path / f"saved-{has_words}", film.name) == film.read_bytes()
        if has_words:
            reader.page.wait_for_selector(named("write-answer"), timeout_seconds=OPERATION_SECONDS)
            reader.page.click(named("write-answer"))
            reader.page.wait_for_selector(named("answer-text"), timeout_seconds=OPERATION_SECONDS)
            reader.page.fill(named("answer-text"), reply)
            reader.page.choose_files(named("compose-file"), [note])
            reader.page.wait_for_text(note.name, selector=named("compose-attachments"))
            reader.page.click(named("send-answer"))
            reader.page.wait_for_selector(named("answer-sent"), timeout_seconds=OPERATION_SECONDS)
        reader.close()
    (mail,) = answers_to(rig, count=1)
    letter.close()
    marks = {
        "subject": subject, "text": text, "file": content, "file name": name,
        "reply": reply, "reply's file": reply_content, "reply's file name": reply_name,
        "words": words, "words in the link": words.replace(" ", "-"), "words in an address": words.replace(" ", "%20"),
    }  # fmt: skip
    needles = [needle for secret, value in marks.items() for needle in needles_for(secret, [value.encode()])]
    key = key_of(rig, words)
    needles += needles_for("key of the parcel", [key.kek])
    for account in rig.stack.accounts:
        needles += private_key_needles("private key", account.identity.private_key)
        needles += needles_for("passphrase", [account.key_passphrase.encode()])
    places = places_of(rig, tmp_path, caplog)
    assert all(places.values()), "each kind of place was searched"
    # The ciphertext is where it belongs, which shows that the search finds what is written.
    largest = max(places["store"], key=len)
    middle = largest[len(largest) // 2 :][:32]
    assert {("ciphertext", "store"), ("ciphertext", "traffic")} <= hits(needles_for("ciphertext", [middle]), places)
    proof = text_of(run(proof_of(key, PROVIDER))).encode()
    assert any(proof in piece for piece in places["traffic"]), "the key is that of the parcel"
    assert mail in places["mails"]
    assert hits(needles, places) == set()
