"""Fields have a content type of their own and belong to one origin."""

from __future__ import annotations

from typing import Final

import pytest

from smime_core import blocking
from smime_core.blocking import run
from smime_core.content_info import unarmor
from smime_core.errors import ContentTypeMismatch, DecryptionError, MalformedMessage, NoMatchingRecipient
from smime_core.identity import Identity
from smime_core.message import sign_bytes
from smime_core.provider import NewKey
from smime_core.report import MessageReport, State
from tests.unit.people import NOW, PROVIDER, person, trust

ORIGIN: Final = "https://clinic.example"
TEXT: Final = 'Blutdruck 120/80 — \U0001f600 "quoted"\nsecond line'
ALICE, BOB = person("alice"), person("bob", NewKey.P256)


def seal(*, sign: bool, encrypt: bool, origin: str = ORIGIN) -> bytes:
    return blocking.seal_field(
        TEXT,
        origin=origin,
        provider=PROVIDER,
        signing_time=NOW,
        identity=ALICE if sign else None,
        recipients=[BOB.certificate] if encrypt else [],
    ).encode()


def unseal(field: bytes, *identities: Identity, origin: str = ORIGIN) -> MessageReport:
    return blocking.open_field(
        field, origin=origin, provider=PROVIDER, trust_store=trust(), at=NOW, identities=identities
    )


@pytest.mark.parametrize(
    ("sign", "encrypt", "state"),
    [(True, True, State.VERIFIED), (True, False, State.VERIFIED), (False, True, State.ENCRYPTED_ONLY)],
)
def test_a_field_comes_back_whole(sign: bool, encrypt: bool, state: State) -> None:
    report = unseal(seal(sign=sign, encrypt=encrypt), BOB)
    assert (report.state, report.content.decode()) == (state, TEXT)


def test_a_field_is_armored_as_cms() -> None:
    lines = seal(sign=True, encrypt=True).decode().splitlines()
    assert (lines[0], lines[-1]) == ("-----BEGIN CMS-----", "-----END CMS-----")


@pytest.mark.parametrize(("sign", "encrypt"), [(True, True), (True, False), (False, True)])
def test_another_origins_field_is_refused(sign: bool, encrypt: bool) -> None:
    with pytest.raises(ContentTypeMismatch, match=r"belongs to https://clinic\.example"):
        unseal(seal(sign=sign, encrypt=encrypt), BOB, origin="https://evil.example")


def test_a_signed_mail_does_not_pass_as_a_field() -> None:
    content = b'{"origin":"https://clinic.example","text":"x","version":"1"}'
    mail = run(sign_bytes(content, identity=ALICE, provider=PROVIDER, signing_time=NOW))
    assert unseal(mail).state is State.INVALID


def test_a_sealed_mail_is_not_opened_through_a_field() -> None:
    mail = blocking.seal_bytes(b"secret", recipients=[BOB.certificate], provider=PROVIDER)
    with pytest.raises(ContentTypeMismatch):
        unseal(mail, BOB)


def test_an_altered_field_is_refused() -> None:
    cms = bytes(unarmor(seal(sign=True, encrypt=True)))
    with pytest.raises(DecryptionError):
        unseal(cms[:-1] + bytes([cms[-1] ^ 1]), BOB)


def test_a_field_for_somebody_else_says_so() -> None:
    with pytest.raises(NoMatchingRecipient):
        unseal(seal(sign=True, encrypt=True), ALICE)


def test_a_field_is_signed_or_sealed() -> None:
    with pytest.raises(MalformedMessage):
        seal(sign=False, encrypt=False)


@pytest.mark.parametrize("text", [b"", b"hello", b"-----BEGIN CMS-----\nMIIB\n-----END CMS-----\n"])
def test_what_is_no_field_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedMessage):
        unseal(text, BOB)
