"""A protected part that came without the header section of its mail, as webmails and file managers hand it over.

Header fields inside the protection count there as in the mail (RFC 9788 section 4).
"""

from __future__ import annotations

import io
from base64 import b64decode, encodebytes
from collections.abc import Callable
from typing import Final

import pytest

from smime_core import blocking, stream
from smime_core.algorithms import AES_256_CBC, AES_256_GCM, ContentCipher
from smime_core.blocking import run
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.mail.header_protection import FieldProtection, HeaderScheme, ProtectionMode
from smime_core.message import encrypt_entity
from smime_core.mime import parse_entity, split_message
from smime_core.report.report import MessageReport, State
from smime_core.trust.judging import Judging
from tests.support.people import MESSAGE, NOW, PROVIDER, person, trust
from tools.fuzz.agreement import opinion_of
from tools.fuzz.targets import STREAMING

ALICE, BOB = person("alice"), person("bob")
BARE_HEAD: Final = (
    b"MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\n"
    b"Content-Transfer-Encoding: base64\r\n"
)


def signed(message: bytes, form: SignatureForm, mode: ProtectionMode | None) -> bytes:
    signing = Signing(identities=[ALICE], signing_time=NOW, form=form)
    return blocking.sign_message(message, signing, PROVIDER, mode)


def signed_and_encrypted(form: SignatureForm, cipher: ContentCipher = AES_256_CBC) -> bytes:
    outer, entity = split_message(signed(MESSAGE, form, ProtectionMode.CIPHER))
    outer = outer.replace(b"Greetings", b"[...]")
    return outer + run(encrypt_entity(entity, Encrypting(recipients=[BOB.certificate], cipher=cipher), PROVIDER))


def cms_of(mail: bytes) -> bytes:
    return b64decode(bytes(parse_entity(mail).body))


def examine(data: bytes) -> MessageReport:
    judging, keys = Judging(trust_store=trust(), at=NOW), Keys(identities=[BOB])
    report = blocking.examine_message(data, judging, PROVIDER, keys)
    target = io.BytesIO()
    streamed = stream.examine_file(io.BytesIO(data), judging, STREAMING, keys)
    stream.copy_content(streamed, target)
    assert opinion_of(streamed.report, target.getvalue()) == opinion_of(report, report.content)
    return report


FORMS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "the bytes": cms_of,
    "base64": lambda mail: encodebytes(cms_of(mail)),
    "a part's own header": lambda mail: BARE_HEAD + b"\r\n" + encodebytes(cms_of(mail)),
}
MAILS: Final = {
    "encrypted, signed in clear inside": signed_and_encrypted(SignatureForm.DETACHED),
    "encrypted, signed opaquely inside": signed_and_encrypted(SignatureForm.OPAQUE),
    "encrypted with a tag": signed_and_encrypted(SignatureForm.OPAQUE, AES_256_GCM),
    "signed opaquely": signed(MESSAGE, SignatureForm.OPAQUE, ProtectionMode.CLEAR),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", MAILS)
def test_a_part_is_verified_as_its_mail_is(name: str, form: str) -> None:
    whole, part = examine(MAILS[name]), examine(FORMS[form](MAILS[name]))
    assert (part.state, part.sender) == (State.VERIFIED, "alice@example.test")
    assert (part.state, part.reasons, part.sender) == (whole.state, whole.reasons, whole.sender)
    assert part.header_scheme is whole.header_scheme is not HeaderScheme.NONE


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", MAILS)
def test_no_field_that_was_inside_is_said_to_be_outside_the_protection(name: str, form: str) -> None:
    whole, part = examine(MAILS[name]), examine(FORMS[form](MAILS[name]))
    assert ("Subject", "Greetings") in part.headers
    assert part.header_protections == whole.header_protections
    assert FieldProtection.UNPROTECTED not in part.header_protections
    assert part.content == whole.content


@pytest.mark.parametrize("form", FORMS)
def test_fields_that_nothing_protects_are_no_senders_of_a_signed_part(form: str) -> None:
    # Without a mark, the From inside is that of the content, which the signature covers, but no protected header.
    plain = signed(MESSAGE, SignatureForm.OPAQUE, None)
    report = examine(FORMS[form](plain))
    assert (report.state, report.header_protections) == (State.SIGNED_UNVERIFIED, ())
    assert [reason.code for reason in report.reasons] == ["no-sender"]


def test_a_part_with_another_author_inside_than_its_signer_is_a_forgery() -> None:
    forged = signed(MESSAGE.replace(b"alice@", b"carol@"), SignatureForm.OPAQUE, ProtectionMode.CLEAR)
    report = examine(cms_of(forged))
    assert (report.state, report.reasons[0].code) == (State.INVALID, "sender-mismatch")


def test_an_altered_part_is_invalid() -> None:
    altered = cms_of(MAILS["signed opaquely"]).replace(b"Greetings", b"Threatens")
    assert examine(altered).state is State.INVALID


def test_fields_removed_beside_one_that_stayed_are_still_named() -> None:
    # A message that kept a field of its author did not come without its header section.
    mail = MAILS["signed opaquely"].replace(b"Subject: Greetings\r\n", b"", 1)
    assert "headers-altered-outside" in [reason.code for reason in examine(mail).reasons]
