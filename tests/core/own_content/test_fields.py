"""Fields have a content type of their own and belong to one origin."""

from __future__ import annotations

from typing import Final

import pytest

from smime_core import blocking
from smime_core.blocking import run
from smime_core.cms.content_info import unarmor
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.errors import ContentTypeMismatch, DecryptionError, MalformedMessage, NoMatchingRecipient
from smime_core.identity.identity import Identity
from smime_core.message import sign_bytes
from smime_core.own_content import examine_field, protect_field
from smime_core.provider import NewKey
from smime_core.report.report import MessageReport, State
from smime_core.trust.judging import Judging
from tests.support.people import NOW, PROVIDER, person, trust

ORIGIN: Final = "https://clinic.example"
TEXT: Final = 'Blutdruck 120/80 — \U0001f600 "quoted"\nsecond line'
ALICE, BOB = person("alice"), person("bob", NewKey.P256)


def protect(*, sign: bool, encrypt: bool, origin: str = ORIGIN) -> bytes:
    return blocking.run(
        protect_field(
            TEXT,
            origin=origin,
            provider=PROVIDER,
            signing=Signing(identities=[ALICE], signing_time=NOW) if sign else None,
            encrypting=Encrypting(recipients=[BOB.certificate] if encrypt else []),
        )
    ).encode()


def examine(field: bytes, *identities: Identity, origin: str = ORIGIN) -> MessageReport:
    return blocking.run(
        examine_field(
            field,
            Judging(trust_store=trust(), at=NOW),
            origin=origin,
            provider=PROVIDER,
            keys=Keys(identities=identities),
        )
    )


@pytest.mark.parametrize(
    ("sign", "encrypt", "state"),
    [(True, True, State.VERIFIED), (True, False, State.VERIFIED), (False, True, State.ENCRYPTED_ONLY)],
)
def test_a_field_comes_back_whole(sign: bool, encrypt: bool, state: State) -> None:
    report = examine(protect(sign=sign, encrypt=encrypt), BOB)
    assert (report.state, report.content.decode()) == (state, TEXT)


def test_a_field_is_armored_as_cms() -> None:
    lines = protect(sign=True, encrypt=True).decode().splitlines()
    assert (lines[0], lines[-1]) == ("-----BEGIN CMS-----", "-----END CMS-----")


@pytest.mark.parametrize(("sign", "encrypt"), [(True, True), (True, False), (False, True)])
def test_another_origins_field_is_refused(sign: bool, encrypt: bool) -> None:
    with pytest.raises(ContentTypeMismatch, match=r"belongs to https://clinic\.example"):
        examine(protect(sign=sign, encrypt=encrypt), BOB, origin="https://evil.example")


def test_a_signed_mail_does_not_pass_as_a_field() -> None:
    content = b'{"origin":"https://clinic.example","text":"x","version":"1"}'
    mail = run(sign_bytes(content, Signing(identities=[ALICE], signing_time=NOW), provider=PROVIDER))
    with pytest.raises(ContentTypeMismatch):
        examine(mail)


def test_an_encrypted_mail_is_not_opened_through_a_field() -> None:
    mail = blocking.encrypt_bytes(b"secret", Encrypting(recipients=[BOB.certificate]), provider=PROVIDER)
    with pytest.raises(ContentTypeMismatch):
        examine(mail, BOB)


def test_an_altered_field_is_refused() -> None:
    cms = bytes(unarmor(protect(sign=True, encrypt=True)))
    with pytest.raises(DecryptionError):
        examine(cms[:-1] + bytes([cms[-1] ^ 1]), BOB)


def test_a_field_for_somebody_else_says_so() -> None:
    with pytest.raises(NoMatchingRecipient):
        examine(protect(sign=True, encrypt=True), ALICE)


def test_a_field_is_signed_or_encrypted() -> None:
    with pytest.raises(MalformedMessage):
        protect(sign=False, encrypt=False)


@pytest.mark.parametrize("text", [b"", b"hello", b"-----BEGIN CMS-----\nMIIB\n-----END CMS-----\n"])
def test_data_that_is_no_field_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedMessage):
        examine(text, BOB)
