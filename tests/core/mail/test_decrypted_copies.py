"""A decrypted copy of a message has the protected header fields outside, and gets the same verdict as the message."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from smime_core import blocking, stream
from smime_core.blocking import run
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.mail.header_policies import HeaderConfidentialityPolicy, hcp_baseline, hcp_no_confidentiality, hcp_shy
from smime_core.mail.header_protection import ProtectionMode, protect_headers
from smime_core.message import encrypt_entity, sign_entity
from smime_core.mime import parse_entity, split_message
from smime_core.provider import NewKey
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report.report import MessageReport, State
from smime_core.trust.judging import Judging
from tests.support.people import MESSAGE, NOW, PROVIDER, person, trust

ALICE, BOB = person("alice"), person("bob", NewKey.P256)
LETTER = b"Comments: between us\r\nKeywords: supper\r\nKeywords: Cologne\r\n" + MESSAGE.replace(
    b"+0000", b"+0200"
).replace(b"Subject: Greetings", b"Subject: Greetings from a city whose name is\r\n folded")


def encrypted(policy: HeaderConfidentialityPolicy, form: SignatureForm, mode: ProtectionMode) -> bytes:
    """LETTER signed and encrypted, with its header fields protected."""
    outer, entity = protect_headers(*split_message(LETTER), mode=mode, policy=policy)
    signed = run(sign_entity(entity, Signing(identities=[ALICE], signing_time=NOW, form=form), provider=PROVIDER))
    return outer + run(encrypt_entity(signed, Encrypting(recipients=[BOB.certificate]), provider=PROVIDER))


def decrypt_in_memory(message: bytes) -> bytes:
    return blocking.decrypt_message(message, Keys(identities=[BOB]), provider=PROVIDER)


def decrypt_as_stream(message: bytes) -> bytes:
    target = io.BytesIO()
    stream.decrypt_mail_file(io.BytesIO(message), target, Keys(identities=[BOB]), provider=NativeStreamingProvider())
    return target.getvalue()


def examine(message: bytes) -> MessageReport:
    return blocking.examine_message(
        message, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, keys=Keys(identities=[BOB])
    )


def codes(message: bytes) -> list[str]:
    report = examine(message)
    assert report.state is State.VERIFIED
    return [reason.code for reason in report.reasons]


every_way = pytest.mark.parametrize("decrypt", [decrypt_in_memory, decrypt_as_stream])
every_form = pytest.mark.parametrize("form", list(SignatureForm))


@every_way
@every_form
@pytest.mark.parametrize("mode", list(ProtectionMode))
@pytest.mark.parametrize("policy", [hcp_baseline, hcp_shy, hcp_no_confidentiality])
def test_a_decrypted_copy_has_no_altered_header(
    policy: HeaderConfidentialityPolicy, mode: ProtectionMode, form: SignatureForm, decrypt: Callable[[bytes], bytes]
) -> None:
    message = encrypted(policy, form, mode)
    copy = decrypt(message)
    assert codes(message) == codes(copy) == ["revocation-not-checked"]
    assert examine(copy).headers == examine(message).headers
    written = parse_entity(copy).headers
    for name in ("From", "To", "Date", "Subject", "Comments", "Keywords"):
        protected = [field.unfolded for field in parse_entity(split_message(LETTER)[0] + b"\r\n").headers.find(name)]
        assert [field.unfolded for field in written.find(name)] == protected


@every_way
@every_form
@pytest.mark.parametrize("name", ["To", "Date", "Subject"])
def test_a_header_that_was_altered_in_a_decrypted_copy_is_named(
    name: str, form: SignatureForm, decrypt: Callable[[bytes], bytes]
) -> None:
    copy = decrypt(encrypted(hcp_baseline, form, ProtectionMode.CIPHER))
    begin = copy.index(f"{name}: ".encode()) + len(name) + 2
    altered = copy[:begin] + b"altered " + copy[begin:]
    assert codes(altered)[-1] == "headers-altered-outside"
    assert examine(altered).reasons[-1].values == (("fields", name),)


@every_form
def test_a_hidden_subject_that_stands_outside_an_encrypted_message_is_named(form: SignatureForm) -> None:
    message = encrypted(hcp_baseline, form, ProtectionMode.CIPHER)
    revealed = message.replace(b"Subject: [...]", b"Subject: Greetings from a city whose name is folded", 1)
    assert codes(revealed)[-1] == "headers-altered-outside"
