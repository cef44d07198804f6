"""A parcel's key and content keys are gone when its page is closed, or the sender's keys are locked.

The words are typed key by key. The words that the vault has made come to the test with each letter moved, so that no
message of the driver has them. The proof, which opens nothing, and words that a page shows are strings, which no script
can overwrite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import select

from smime_core.algorithms import TAG_LENGTH, ContentCipher
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.blocking import run
from smime_core.cms.recipients.keys import Keys
from smime_core.parcels import ParcelKey, decrypt_authenticated, derive_parcel_key, proof_of
from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Name
from tests.support.browser.page import Page
from tests.support.browser.required import require_browser
from tests.support.browser.residue.lab import Watch, start
from tests.support.browser.residue.markers import Needle, hmac_key_needles, needles_for
from tests.support.browser.residue.processes import count_by_secret, describe
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.parcel_letters import CAROL, ParcelLetter
from tests.support.pages.parcels import ParcelPage, ParcelRig, run_parcel_rig
from tests.support.people import PROVIDER
from webbridge.database.tables import PARCEL
from webbridge.services import services_of

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

# Two runs of each kind found up to four proofs in Chromium and in Firefox.
OF_RECIPIENT: Final = Counter({"proof": 6})
# The page shows the words to the sender. One of two runs in Firefox found two copies, none in Chromium.
OF_SENDER: Final[dict[Name, Counter[str]]] = {
    "chromium": OF_RECIPIENT,
    "firefox": OF_RECIPIENT + Counter({"words": 4}),
}
# Moves each letter, so that the words are not in the answer.
MOVED_WORDS: Final = """(words) => [...document.querySelectorAll(`${words} li`)].map(({ textContent }) => textContent)
  .map((word) => [...word].map((letter) => letter.charCodeAt(0) + 1))"""


class Recorded(NativeProvider):
    """A provider whose content keys are known."""

    def __init__(self) -> None:
        super().__init__()
        self.ceks: set[bytes] = set()

    async def decrypt_content(
        self,
        cipher: ContentCipher,
        cek: bytes,
        iv: bytes,
        ciphertext: Buffer,
        aad: bytes = b"",
        *,
        tag_length: int = TAG_LENGTH,
    ) -> bytes:
        """The plaintext, as from the native provider."""
        self.ceks.add(cek)
        return await super().decrypt_content(cipher, cek, iv, ciphertext, aad, tag_length=tag_length)


@pytest.fixture
def rig(pages_with_sources: Path, tmp_path: Path) -> Iterator[ParcelRig]:
    """A demonstration whose store of parcels is a folder of the test."""
    with run_parcel_rig(pages_with_sources, tmp_path / "store") as running:
        yield running


def needles_of(rig: ParcelRig, store: Path, words: str) -> list[Needle]:
    """The needles for the words of the only parcel, and for the keys that they give."""
    with services_of(rig.apps[-1]).database.reading() as rows:
        (salt,) = rows.execute(select(PARCEL.c.salt)).scalars().all()
    key = run(derive_parcel_key(words, bytes(salt), PROVIDER))
    proof = run(proof_of(key, PROVIDER))
    return [
        *(
            needle
            for written in (words, words.replace(" ", "-"))
            for needle in needles_for("words", [written.encode()])
        ),
        *hmac_key_needles("words", words.encode()),
        *needles_for("proof", [proof]),
        *needles_for("kek", [key.kek]),
        *needles_for("cek", content_keys(store, key)),
    ]


def content_keys(store: Path, key: ParcelKey) -> set[bytes]:
    """The keys of all objects of the parcel."""
    recorded = Recorded()
    for file in store.rglob("*"):
        rest = file.read_bytes() if file.is_file() else b""
        # A file has several small objects, one behind the other.
        while rest:
            tlv, end = der.read_tlv(rest)
            run(decrypt_authenticated(bytes(tlv.encoded), Keys(password_keys=[key.password_key]), recorded))
            rest = rest[end:]
    assert len(recorded.ceks) >= 2
    return recorded.ceks


def check_left(watch: Watch, page: Page, allowed: Counter[str]) -> None:
    left = watch.wait_until_gone(page, allowed=allowed)
    assert count_by_secret(left) <= allowed, describe(left)
    assert watch.scan_disk() == []


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_a_recipient_leaves_no_key_of_a_parcel(name: Name, rig: ParcelRig, tmp_path: Path) -> None:
    require_browser(name)
    sent = rig.send({"plans.txt": b"The gate opens at one. " * 2000})
    needles = needles_of(rig, tmp_path / "store", sent.words)
    with closing(start(name, tmp_path / "profile")) as browser:
        watch = Watch(browser, tmp_path / "profile", needles)
        other = browser.open(rig.stack.pages_url)
        reader = ParcelPage(browser, sent.link(rig.stack.pages_url), beside=other)
        reader.page.click(named("words"))
        reader.page.type(sent.words)
        reader.press_open()
        reader.wait_until_opened()
        assert watch.find_in_memory({"words", "proof"}) == {"words", "proof"}
        reader.close()
        check_left(watch, other, OF_RECIPIENT)


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_a_sender_leaves_no_key_of_a_parcel(name: Name, rig: ParcelRig, tmp_path: Path) -> None:
    require_browser(name)
    with closing(start(name, tmp_path / "profile")) as browser:
        letter = ParcelLetter(browser, rig, beside=browser.open(rig.stack.pages_url))
        letter.write(CAROL)
        letter.ask()
        letter.go()
        letter.page.wait_for_selector(named("parcel-words"), timeout_seconds=OPERATION_SECONDS)
        moved: list[list[int]] = letter.page.js(MOVED_WORDS, named("parcel-words"))
        words = " ".join("".join(chr(code - 1) for code in word) for word in moved)
        watch = Watch(browser, tmp_path / "profile", needles_of(rig, tmp_path / "store", words))
        assert watch.find_in_memory({"words", "proof"}) == {"words", "proof"}
        letter.finish()
        letter.page.click(named("lock"))
        check_left(watch, letter.page, OF_SENDER[name])
