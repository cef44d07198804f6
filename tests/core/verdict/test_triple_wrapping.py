"""Messages that are encrypted inside a signature, and signed once more inside (RFC 8551 section 3.7, RFC 2634 1.1)."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final

import pytest

from smime_core import blocking, stream
from smime_core.algorithms import AES_256_CBC, AES_256_GCM, ContentCipher
from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.cms.compressed_data import build_compressed_data
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.errors import MalformedMessage, NoMatchingRecipient, UnsupportedAlgorithm
from smime_core.identity.identity import Identity
from smime_core.mail.header_protection import ProtectionMode, protect_headers
from smime_core.message import encrypt_entity, sign_entity
from smime_core.mime import build_pkcs7_mime, join_message, outer_headers_of, parse_entity, split_message
from smime_core.provider import NewKey
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report.report import LayerKind, MessageReport, State
from smime_core.trust.contacts import harvest
from smime_core.trust.judging import Judging
from tests.support.people import MESSAGE, NOW, PROVIDER, TEXT, person, trust

ALICE, BOB, CAROL = person("alice"), person("bob", NewKey.P256), person("carol", NewKey.P256)
STRANGER = run(
    issue_identity(run(create_authority("Nobody's", provider=PROVIDER, at=NOW)), "x@x.test", provider=PROVIDER, at=NOW)
)
STREAMING: Final = NativeStreamingProvider()
OUTER, ENTITY = split_message(MESSAGE)
FORMS: Final = list(SignatureForm)
Examine = Callable[..., MessageReport]
Decrypt = Callable[[bytes], bytes]


def signed(entity: bytes, by: Identity = ALICE, form: SignatureForm = SignatureForm.DETACHED) -> bytes:
    return run(sign_entity(entity, Signing(identities=[by], signing_time=NOW, form=form), provider=PROVIDER))


def encrypted(entity: bytes, to: Identity = BOB, cipher: ContentCipher = AES_256_GCM) -> bytes:
    return run(encrypt_entity(entity, Encrypting(recipients=[to.certificate], cipher=cipher), provider=PROVIDER))


def compressed(entity: bytes) -> bytes:
    return build_pkcs7_mime(b"", build_compressed_data(entity, content_type=ID_DATA), "compressed-data")


def mail(entity: bytes) -> bytes:
    return OUTER + entity


def triple(form: SignatureForm = SignatureForm.DETACHED, *, outer: Identity = ALICE, inner: Identity = ALICE) -> bytes:
    return mail(signed(encrypted(signed(ENTITY, inner, form)), outer, form))


def in_memory(message: bytes, *identities: Identity) -> MessageReport:
    return blocking.examine_message(
        message, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, keys=Keys(identities=identities)
    )


def in_stream(message: bytes, *identities: Identity) -> MessageReport:
    streamed = stream.examine_file(
        io.BytesIO(message), Judging(trust_store=trust(), at=NOW), provider=STREAMING, keys=Keys(identities=identities)
    )
    return streamed.report


EXAMINERS: Final = pytest.mark.parametrize("examine", [in_memory, in_stream])


def verdict(report: MessageReport) -> tuple[State, str]:
    return report.state, report.reasons[0].code if report.reasons else ""


@EXAMINERS
@pytest.mark.parametrize("form", FORMS)
def test_triple_wrapping_has_a_verdict_for_each_layer(examine: Examine, form: SignatureForm) -> None:
    report = examine(triple(form), BOB)
    assert report.state is State.VERIFIED
    assert [layer.kind for layer in report.layers] == [LayerKind.SIGNED, LayerKind.ENCRYPTED, LayerKind.SIGNED]
    assert [signer.state for signer in report.signers] == [State.VERIFIED, State.VERIFIED]
    assert report.deciding_signers == report.layers[2].signers


@EXAMINERS
@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM])
@pytest.mark.parametrize("form", FORMS)
def test_a_signature_outside_encryption_alone_is_never_verified(
    examine: Examine, form: SignatureForm, cipher: ContentCipher
) -> None:
    message = mail(signed(encrypted(ENTITY, cipher=cipher), form=form))
    report = examine(message, BOB)
    assert verdict(report) == (State.SIGNED_UNVERIFIED, "signed-outside-encryption")
    assert report.signers[0].state is State.VERIFIED
    assert report.deciding_signers == ()
    assert harvest(report, at=NOW) is None


@EXAMINERS
def test_a_signature_between_two_encryptions_stands_outside_too(examine: Examine) -> None:
    report = examine(mail(encrypted(signed(encrypted(ENTITY)))), BOB)
    assert verdict(report) == (State.SIGNED_UNVERIFIED, "signed-outside-encryption")


@EXAMINERS
def test_a_closed_message_is_judged_by_the_signature_that_can_be_seen(examine: Examine) -> None:
    """The signature says who sent the ciphertext. Nobody has signed the text in it."""
    report = examine(mail(signed(encrypted(ENTITY))))
    assert (report.state, report.reasons[-1].code) == (State.VERIFIED, "not-opened")


@EXAMINERS
@pytest.mark.parametrize("outer", [CAROL, STRANGER], ids=["somebody else", "a stranger"])
def test_the_inner_signature_decides(examine: Examine, outer: Identity) -> None:
    """A mailing list puts its own signature around the author's (RFC 2634 section 4)."""
    report = examine(triple(outer=outer), BOB)
    assert report.state is State.VERIFIED
    assert [signer.certificate for signer in report.deciding_signers] == [ALICE.certificate]
    known = harvest(report, at=NOW)
    assert known is not None
    assert known.certificate == ALICE.certificate


@EXAMINERS
def test_an_outer_signature_of_the_author_lifts_no_text_of_somebody_else(examine: Examine) -> None:
    """Otherwise anybody could sign a text that somebody else has encrypted as their own."""
    report = examine(triple(inner=CAROL), BOB)
    assert verdict(report) == (State.INVALID, "sender-mismatch")
    assert verdict(examine(triple(inner=STRANGER), BOB))[0] is State.SIGNED_UNVERIFIED


@EXAMINERS
def test_an_outer_signature_that_is_broken_makes_the_whole_invalid(examine: Examine) -> None:
    message = triple()
    head, separator, rest = message.partition(b"Content-Type: application/pkcs7-mime")
    altered = head + separator + rest.replace(b"smime.p7m", b"SMIME.p7m", 1)
    assert altered != message
    assert verdict(examine(altered, BOB)) == (State.INVALID, "message-digest-mismatch")


@EXAMINERS
def test_fields_are_protected_by_a_signature_inside_the_encryption_only(examine: Examine) -> None:
    outer, entity = protect_headers(OUTER, ENTITY, mode=ProtectionMode.CIPHER)
    outside = examine(outer + signed(encrypted(entity)), BOB)
    assert set(outside.header_protections) == {"encrypted-only", "unprotected"}
    inside = examine(outer + signed(encrypted(signed(entity))), BOB)
    assert set(inside.header_protections) == {"signed-and-encrypted", "signed-only"}


def decrypt_in_memory(message: bytes) -> bytes:
    return blocking.decrypt_message(message, Keys(identities=[BOB]), provider=PROVIDER)


def decrypt_in_stream(message: bytes) -> bytes:
    target = io.BytesIO()
    stream.decrypt_mail_file(io.BytesIO(message), target, Keys(identities=[BOB]), provider=STREAMING)
    return target.getvalue()


def open_in_memory(message: bytes) -> bytes:
    return blocking.decrypt_entity(message, Keys(identities=[BOB]), provider=PROVIDER)


def open_in_stream(message: bytes) -> bytes:
    target = io.BytesIO()
    stream.decrypt_file(io.BytesIO(message), target, Keys(identities=[BOB]), provider=STREAMING)
    return target.getvalue()


DECRYPTERS: Final = pytest.mark.parametrize("decrypt", [decrypt_in_memory, decrypt_in_stream])
INNER: Final = signed(ENTITY)
WRAPPINGS: Final = {
    "signed around": (signed(encrypted(INNER)), INNER),
    "opaque around": (signed(encrypted(INNER), form=SignatureForm.OPAQUE), INNER),
    "signed by two around": (signed(signed(encrypted(INNER)), CAROL, SignatureForm.OPAQUE), INNER),
    "encrypted twice, signed between": (encrypted(signed(encrypted(INNER))), INNER),
    "encrypted around": (encrypted(INNER), INNER),
    "compressed around": (compressed(signed(encrypted(INNER))), INNER),
    "compressed inside": (signed(encrypted(compressed(INNER))), INNER),
    "compressed inside a signature": (encrypted(signed(compressed(ENTITY))), None),
    "for somebody else inside": (encrypted(signed(encrypted(ENTITY, CAROL))), None),
}  # fmt: skip


@DECRYPTERS
@pytest.mark.parametrize("name", WRAPPINGS)
def test_encrypted_layers_are_opened_through_signatures_around_them(decrypt: Decrypt, name: str) -> None:
    entity, inside = WRAPPINGS[name]
    opened = decrypt(mail(entity))
    if inside is None:
        # The signed layer stays as it is, because the layer inside it is only compressed, or no key decrypts it.
        inside = open_in_memory(entity)
        assert in_memory(mail(inside)).layers[0].kind is LayerKind.SIGNED
    assert opened == join_message(outer_headers_of(parse_entity(OUTER).headers), inside)


@pytest.mark.parametrize("open_it", [open_in_memory, open_in_stream])
@pytest.mark.parametrize("name", [name for name, (_, inside) in WRAPPINGS.items() if inside is not None])
def test_encrypted_content_comes_out_unchanged(open_it: Decrypt, name: str) -> None:
    entity, inside = WRAPPINGS[name]
    assert open_it(mail(entity)) == inside


@DECRYPTERS
def test_bare_cms_is_opened_through_a_signature_too(decrypt: Decrypt) -> None:
    encrypted = blocking.encrypt_bytes(TEXT.encode(), Encrypting(recipients=[BOB.certificate]), provider=PROVIDER)
    assert (
        decrypt(blocking.sign_bytes(encrypted, Signing(identities=[ALICE], signing_time=NOW), provider=PROVIDER))
        == TEXT.encode()
    )


@DECRYPTERS
@pytest.mark.parametrize("entity", [ENTITY, INNER, compressed(ENTITY), signed(compressed(ENTITY))])
def test_nothing_encrypted_is_said_of_signed_and_compressed_messages(decrypt: Decrypt, entity: bytes) -> None:
    with pytest.raises(MalformedMessage, match="found nothing encrypted"):
        decrypt(mail(entity))


@DECRYPTERS
def test_a_message_for_somebody_else_inside_a_signature_says_so(decrypt: Decrypt) -> None:
    with pytest.raises(NoMatchingRecipient):
        decrypt(mail(signed(encrypted(ENTITY, CAROL))))


@DECRYPTERS
def test_a_damaged_signature_around_is_told(decrypt: Decrypt) -> None:
    """A structure that cannot be read is refused. A reader who only wants the text can remove the signature first."""
    whole = mail(signed(encrypted(ENTITY), form=SignatureForm.OPAQUE))
    lines = whole.rstrip().split(b"\r\n")
    with pytest.raises((MalformedMessage, UnsupportedAlgorithm)):
        decrypt(b"\r\n".join(lines[:-3]) + b"\r\n")
