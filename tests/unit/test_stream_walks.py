"""How often a stream is read: what comes by a slow line is worked on as it comes, and not fetched again and again."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pytest

from smime_core import AES_256_CBC, SignatureForm, blocking, stream
from smime_core.errors import LimitExceeded
from smime_core.examiner import Examiner
from smime_core.providers import webcrypto_running
from smime_core.stream.examination import examine_octets
from tests.unit.people import NOW, person, trust
from tests.unit.test_stream import CONTENT, PROVIDER, encrypt_mail, mail, seal


class Watched:
    """Octets that note how much of them was read, and whether anybody asked for their length first."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self.taken = 0
        self.asked_early = False

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        for offset in range(start, len(self._data), 65_536):
            block = self._data[offset : offset + 65_536]
            self.taken += len(block)
            yield block

    async def length(self) -> int:
        self.asked_early |= self.taken < len(self._data)
        return len(self._data)


def written_large(kind: str) -> bytes:
    content = CONTENT * 1_000
    holders, target = [person("alice")], io.BytesIO()
    if kind.startswith("signed"):
        form = SignatureForm.OPAQUE if kind.endswith("opaque") else SignatureForm.DETACHED
        message = io.BytesIO(mail(body=content))
        stream.sign_mail_file(message, target, identities=holders, provider=PROVIDER, signing_time=NOW, form=form)
        return target.getvalue()
    return seal(content, AES_256_CBC) if kind == "sealed" else encrypt_mail(mail(body=content), AES_256_CBC)


@pytest.mark.parametrize("kind", ["signed", "signed opaque", "sealed", "sealed mail"])
def test_what_comes_is_worked_on_once_and_before_its_end_is_known(kind: str) -> None:
    message = written_large(kind)
    octets = Watched(message)
    examiner = Examiner(provider=PROVIDER, identities=[person("bob")], trust_store=trust(), at=NOW)
    report = blocking.run(examine_octets(octets, examiner=examiner, provider=PROVIDER)).report
    assert report.layers
    # One walk, and a few looks at the first megabyte.
    assert octets.taken < 1.6 * len(message)
    assert kind == "sealed" or not octets.asked_early


def test_a_cipher_that_takes_all_at_once_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webcrypto_running, "MAX_WHOLE_BYTES", 100)

    async def open_it(ciphertext: bytes) -> bytes:
        return ciphertext[::-1]

    running = webcrypto_running.WholeCipher(open_it)
    assert blocking.run(running.update(bytes(100))) == b""
    with pytest.raises(LimitExceeded, match="takes all at once"):
        blocking.run(running.update(b"x"))
    assert blocking.run(running.finish()) == bytes(100)
