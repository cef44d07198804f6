"""The five headline states, and ways to fool a reader, such as those of the paper "Johnny, you are fired"."""

from __future__ import annotations

import contextlib
import datetime
from base64 import b64decode, b64encode, encodebytes
from collections.abc import Iterator
from typing import Final

import pytest

from smime_core import blocking
from smime_core.algorithms import AES_256_CBC, AES_256_GCM, ContentCipher
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.cms.compressed_data import build_compressed_data
from smime_core.cms.content_info import FIELD, ID_COMPRESSED_DATA, ID_DATA, build_content_info
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.errors import (
    ContentTypeMismatch,
    DecryptionError,
    LimitExceeded,
    MalformedMessage,
    NoMatchingRecipient,
    SmimeError,
    UnsupportedAlgorithm,
    VerificationError,
)
from smime_core.identity.identity import Identity
from smime_core.limits import MAX_NESTED_LAYERS
from smime_core.mail.header_protection import ProtectionMode, protect_headers
from smime_core.mail.reading import read_entity
from smime_core.message import encrypt_entity, sign_entity
from smime_core.mime import split_message
from smime_core.own_content import protect_field
from smime_core.pkix import RevocationPolicy, TrustStore
from smime_core.provider import NewKey
from smime_core.report.report import LayerKind, MessageReport, State, report_of
from smime_core.text.mail_address import addresses_match
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import parse_certificate
from tests.support.people import MESSAGE, NOW, PROVIDER, TEXT, person, trust
from tests.support.vectors import vectors

ALICE, BOB = person("alice"), person("bob", NewKey.P256)
FOREIGN: Final = b"From: Mallory <mallory@example.test>"


def sign(message: bytes = MESSAGE, form: SignatureForm = SignatureForm.DETACHED, identity: Identity = ALICE) -> bytes:
    return blocking.sign_message(
        message, Signing(identities=[identity], signing_time=NOW, form=form), provider=PROVIDER
    )


def encrypt(message: bytes, cipher: ContentCipher = AES_256_GCM) -> bytes:
    return blocking.encrypt_message(message, Encrypting(recipients=[BOB.certificate], cipher=cipher), provider=PROVIDER)


def examine(
    message: bytes,
    *identities: Identity,
    store: TrustStore | None = None,
    sender: str | None = None,
    at: datetime.datetime = NOW,
) -> MessageReport:
    return blocking.examine_message(
        message,
        Judging(trust_store=store or trust(), at=at),
        provider=PROVIDER,
        sender=sender,
        keys=Keys(identities=identities),
    )


def codes(report: MessageReport) -> list[str]:
    return [reason.code for reason in report.reasons]


@pytest.mark.parametrize("form", list(SignatureForm))
def test_verified_when_signed_by_the_sender(form: SignatureForm) -> None:
    report = examine(sign(form=form))
    assert report.state is State.VERIFIED
    assert report.sender == "alice@example.test"
    assert codes(report) == ["revocation-not-checked"]


@pytest.mark.parametrize("form", list(SignatureForm))
def test_verified_inside_an_encrypted_message(form: SignatureForm) -> None:
    report = examine(encrypt(sign(form=form)), BOB)
    assert report.state is State.VERIFIED
    assert report.is_encrypted


def test_encrypted_only_proves_no_author() -> None:
    assert examine(encrypt(MESSAGE), BOB).state is State.ENCRYPTED_ONLY


def test_plain_mail_is_plain() -> None:
    report = examine(MESSAGE)
    assert (report.state, report.layers) == (State.PLAIN, ())


def test_a_report_has_no_truth_value() -> None:
    with pytest.raises(TypeError):
        bool(examine(MESSAGE))


def test_an_altered_byte_makes_it_invalid() -> None:
    signed = sign()
    assert b"aus" in signed
    report = examine(signed.replace(b"aus", b"aux", 1))
    assert (report.state, codes(report)) == (State.INVALID, ["message-digest-mismatch"])


def test_an_unknown_authority_leaves_it_unverified() -> None:
    report = examine(sign(), store=TrustStore(anchors=(), revocation=RevocationPolicy.NOT_CHECKED))
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, ["untrusted-anchor"])


def test_an_expired_certificate_leaves_it_unverified() -> None:
    report = examine(sign(), at=NOW + datetime.timedelta(days=1000))
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, ["certificate-expired-since"])


def test_required_revocation_leaves_it_unverified_while_unknown() -> None:
    report = examine(sign(), store=trust(revocation=RevocationPolicy.REQUIRED))
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, ["revocation-unknown"])


def test_another_from_is_a_forgery() -> None:
    report = examine(sign().replace(b"From: Alice <alice@example.test>", FOREIGN))
    assert report.state is State.INVALID
    assert codes(report) == ["sender-mismatch"]


def test_the_display_name_counts_for_nothing() -> None:
    spoofed = sign().replace(b"From: Alice <alice@example.test>", b'From: "alice@example.test" <m@evil.test>')
    assert examine(spoofed).state is State.INVALID


@pytest.mark.parametrize(
    "fields",
    [
        b"From: Alice <alice@example.test>, Mallory <mallory@example.test>",
        b"From: Mallory <mallory@example.test>\r\nFrom: Alice <alice@example.test>",
        b"From: Alice <alice@example.test>\r\nFrom : Mallory <mallory@example.test>",
        b"From : Mallory <mallory@example.test>\r\nFrom: Alice <alice@example.test>",
    ],
    ids=["two mailboxes", "two fields", "a blank before the colon", "a blank in the first line"],
)
def test_several_senders_are_never_verified(fields: bytes) -> None:
    report = examine(sign().replace(b"From: Alice <alice@example.test>", fields))
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, ["several-senders"])


def test_a_message_without_from_is_verified_only_with_a_given_sender() -> None:
    headless = sign().replace(b"From: Alice <alice@example.test>\r\n", b"")
    assert codes(examine(headless)) == ["no-sender"]
    assert examine(headless, sender="Alice@Example.Test").state is State.VERIFIED


def test_a_given_sender_does_not_replace_one_that_the_first_line_names() -> None:
    # "From :" is a header field with an obsolete blank (RFC 5322 section 4.5), and not the first line of an mbox file.
    message = sign().replace(b"From: Alice <alice@example.test>", b"From : Mallory <mallory@evil.test>")
    assert message.startswith(b"From :")
    assert codes(examine(message, sender="alice@example.test")) == ["sender-mismatch", "sender-read-otherwise"]


def test_a_signed_part_does_not_lift_an_unsigned_whole() -> None:
    _, part = sign().split(b"MIME-Version: 1.0\r\n", 1)
    whole = (
        b"From: Alice <alice@example.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/plain\r\n\r\nSend the money.\r\n--x\r\n" + part + b"\r\n--x--\r\n"
    )
    report = examine(whole)
    assert (report.state, codes(report)) == (State.PLAIN, ["nested-protection"])


@pytest.mark.parametrize("further", [0, 1, 50])
def test_more_protected_parts_than_are_judged_leave_the_whole_its_verdict(further: int) -> None:
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" + sign()
    report = examine(sign(mixed(*[forwarded] * (MAX_NESTED_LAYERS + further))))
    assert (report.state, len(report.layers)) == (State.VERIFIED, 1 + MAX_NESTED_LAYERS)
    assert ("too-large-to-look-inside" in codes(report)) == (further > 0)


def test_an_encrypted_message_stays_closed_without_identities() -> None:
    report = examine(encrypt(sign()))
    assert (report.state, codes(report), report.content) == (State.ENCRYPTED_ONLY, ["not-opened"], b"")


def test_an_encrypted_message_for_somebody_else_says_so() -> None:
    with pytest.raises(NoMatchingRecipient):
        examine(encrypt(sign()), ALICE)


def test_an_altered_encrypted_message_gives_nothing_away() -> None:
    encrypted = encrypt(sign())
    middle = len(encrypted) * 3 // 4
    other = b"A" if encrypted[middle : middle + 1] != b"A" else b"B"
    altered = encrypted[:middle] + other + encrypted[middle + 1 :]
    with pytest.raises((DecryptionError, MalformedMessage)):
        examine(altered, BOB)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_message_is_never_verified(share: float) -> None:
    for message in (sign(), sign(form=SignatureForm.OPAQUE), encrypt(sign())):
        try:
            state = examine(message[: int(len(message) * share)], BOB).state
        except SmimeError:
            continue
        assert state is not State.VERIFIED


def test_content_beside_an_opaque_signature_is_refused() -> None:
    cms = blocking.sign_bytes(b"one", Signing(identities=[ALICE], signing_time=NOW), provider=PROVIDER)
    with pytest.raises(MalformedMessage, match="both inside the signature and given apart"):
        blocking.verify_bytes(cms, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, detached_content=b"two")


def test_a_signed_field_under_mail_headers_is_refused() -> None:
    field = blocking.run(
        protect_field(
            "Content-Type: text/plain\n\nI owe you",
            origin="https://a.test",
            provider=PROVIDER,
            signing=Signing(identities=[ALICE], signing_time=NOW),
        )
    )
    body = "".join(field.splitlines()[1:-1])
    mail = (
        "From: alice@example.test\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{body}\r\n"
    ).encode()
    with pytest.raises(ContentTypeMismatch):
        examine(mail)


def test_the_text_comes_back_whole() -> None:
    assert read_entity(examine(encrypt(sign()), BOB).content).text.strip() == TEXT


def test_verify_raises_with_the_report() -> None:
    with pytest.raises(VerificationError) as raised:
        blocking.verify_message(MESSAGE, Judging(trust_store=trust(), at=NOW), provider=PROVIDER)
    report = report_of(raised.value)
    assert report is not None
    assert report.state is State.PLAIN


def test_no_johnny_mail_shows_as_verified_for_another_than_its_signer() -> None:
    folder = vectors("johnny")
    store = trust(parse_certificate((folder / "assets/certificates/intermediate_ca.crt").read_bytes()))
    at = datetime.datetime(2019, 6, 1, tzinfo=datetime.UTC)
    verified = {}
    for mail in sorted(folder.rglob("*.eml")):
        try:
            report = examine(mail.read_bytes(), store=store, at=at)
        except SmimeError:
            continue
        if report.state is State.VERIFIED:
            verified[mail.name] = report.sender
    # By the set's README, these are genuine, or eve signed them under her own address with a misleading display name.
    assert verified == {
        "valid_email_from_manager.eml": "manager@bigcorporation.de",
        "manager-smime.eml": "manager@bigcorporation.de",
        "eve-smime.eml": "eve@bigcorporation.de",
        "i2-from-contains-signer-smime.eml": "eve@bigcorporation.de",
        "i2-from-is-sender-signer-a-smime.eml": "eve@bigcorporation.de",
    }


def test_a_damaged_structure_inside_does_not_keep_the_mail_encrypted() -> None:
    damaged = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\nnot base64 at all!\r\n"
    opened = blocking.decrypt_message(encrypt(damaged), Keys(identities=[BOB]), provider=PROVIDER)
    assert b"not base64 at all!" in opened


def test_must_23_garbled_plaintext_looks_like_any_failed_decryption() -> None:
    # In CBC an altered block garbles its own plaintext and flips a bit of the next. All such damage must look alike.
    encrypted = encrypt(sign(), AES_256_CBC)
    _, body = encrypted.split(b"\r\n\r\n", 1)
    start = len(encrypted) - len(body)
    kinds: set[object] = set()
    for position in range(start + len(body) // 3, start + len(body) - 90, 97):
        letter = encrypted[position : position + 1]
        if letter in b"\r\n":
            continue
        altered = encrypted[:position] + (b"A" if letter != b"A" else b"B") + encrypted[position + 1 :]
        try:
            kinds.add(examine(altered, BOB).state)
        except SmimeError as error:
            kinds.add(type(error))
    assert kinds <= {DecryptionError, State.INVALID}
    assert DecryptionError in kinds


def test_hostile_nesting_is_bounded() -> None:
    nested = b"Content-Type: text/plain\r\n\r\nx\r\n"
    for level in range(2000):
        name = b"b%d" % level
        nested = b"Content-Type: multipart/mixed; boundary=" + name + b"\r\n\r\n--" + name + b"\r\n" + nested
    with pytest.raises(LimitExceeded, match="MIME depth"):
        examine(b"From: alice@example.test\r\n" + nested)


@pytest.mark.parametrize(
    ("cipher", "error"), [(AES_256_CBC, DecryptionError), (AES_256_GCM, UnsupportedAlgorithm)], ids=["CBC", "GCM"]
)
def test_must_23_an_unheard_of_identifier_is_told_only_behind_a_tag(
    cipher: ContentCipher, error: type[SmimeError]
) -> None:
    cms = build_content_info("1.2.3.4.5", der.sequence())
    inner = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64encode(cms)
    with pytest.raises(error) as raised:
        examine(encrypt(inner, cipher), BOB)
    assert ("1.2.3.4.5" in str(raised.value)) is (cipher is AES_256_GCM)


def compressed_part(content: bytes) -> bytes:
    cms = build_compressed_data(content, content_type=ID_DATA)
    head = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head + encodebytes(cms).replace(b"\n", b"\r\n")


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM])
def test_compression_inside_an_encrypted_message_is_a_layer(cipher: ContentCipher) -> None:
    report = examine(encrypt(compressed_part(split_message(sign(MESSAGE))[1]), cipher), BOB)
    assert [layer.kind for layer in report.layers] == [LayerKind.ENCRYPTED, LayerKind.COMPRESSED, LayerKind.SIGNED]


def test_damaged_compression_behind_cbc_looks_like_any_failed_decryption() -> None:
    cms = build_content_info(ID_COMPRESSED_DATA, der.sequence())
    inner = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64encode(cms)
    with pytest.raises(DecryptionError):
        examine(encrypt(inner, AES_256_CBC), BOB)


def test_compressed_content_of_another_type_is_refused() -> None:
    with pytest.raises(ContentTypeMismatch, match="compressed"):
        examine(build_compressed_data(b"{}", content_type=FIELD))


def mixed(*parts: bytes) -> bytes:
    head = b"From: Alice <alice@example.test>\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n"
    return head + b"".join(b"--outer\r\n" + part + b"\r\n" for part in parts) + b"--outer--\r\n"


def test_a_signed_part_is_judged_by_itself_and_lifts_nothing() -> None:
    report = examine(mixed(b"Content-Type: text/plain\r\n\r\nUnsigned words.", sign()))
    assert (report.state, codes(report)) == (State.PLAIN, ["nested-protection"])
    assert [(layer.path, layer.covers_whole) for layer in report.layers] == [("2", False)]
    assert report.signers[0].state is State.VERIFIED


def test_an_encrypted_part_below_the_top_leaves_nothing_closed_but_itself() -> None:
    part = split_message(encrypt(MESSAGE))[1]
    report = examine(mixed(b"Content-Type: text/plain\r\n\r\nWords.", part), BOB)
    assert (report.state, codes(report)) == (State.PLAIN, ["encrypted-part"])
    assert [(layer.kind, layer.path) for layer in report.layers] == [(LayerKind.ENCRYPTED, "2")]


def test_an_altered_signed_part_is_told_at_the_part() -> None:
    report = examine(mixed(b"Content-Type: text/plain\r\n\r\nWords.", sign().replace(b" aus ", b" AUS ", 1)))
    assert (report.state, report.signers[0].state) == (State.PLAIN, State.INVALID)


def test_a_damaged_part_spoils_nothing_but_itself() -> None:
    damaged = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\nMIAGCSqGSIb3DQEHAqCA"
    report = examine(mixed(damaged, sign()))
    assert [signer.state for signer in report.signers] == [State.SIGNED_UNVERIFIED, State.VERIFIED]
    assert report.state is State.PLAIN


def test_an_encrypted_part_does_not_make_the_whole_encrypted() -> None:
    report = examine(mixed(b"Content-Type: text/plain\r\n\r\nWords.", encrypt(MESSAGE)))
    assert (report.state, report.is_encrypted) == (State.PLAIN, False)
    assert report.layers[0].kind is LayerKind.ENCRYPTED


def protect(message: bytes, mode: ProtectionMode) -> tuple[bytes, bytes]:
    return protect_headers(*split_message(message), mode=mode)


def sign_protected(message: bytes = MESSAGE, *, replace: tuple[bytes, bytes] = (b"", b"")) -> bytes:
    """The message signed with its header fields. `replace` alters the outer fields, as a mail server could."""
    outer, entity = protect(message, ProtectionMode.CLEAR)
    signed = run(sign_entity(entity, Signing(identities=[ALICE], signing_time=NOW), provider=PROVIDER))
    return (outer.replace(*replace) if replace[0] else outer) + signed


def test_protected_header_fields_are_shown() -> None:
    report = examine(sign_protected())
    assert (report.state, report.header_scheme) == (State.VERIFIED, "hp-clear")
    assert dict(zip(report.headers, report.header_protections, strict=True))[("Subject", "Greetings")] == "signed-only"


def test_a_subject_altered_on_the_way_is_named_and_not_shown() -> None:
    report = examine(sign_protected(replace=(b"Subject: Greetings", b"Subject: Pay at once")))
    assert (report.state, codes(report)[-1]) == (State.VERIFIED, "headers-altered-outside")
    assert ("Subject", "Greetings") in report.headers


def test_another_sender_outside_is_never_verified() -> None:
    # MUSTS 36.
    report = examine(sign_protected(replace=(b"<alice@", b"<mallory@")))
    assert (report.state, codes(report)[0]) == (State.SIGNED_UNVERIFIED, "outer-sender-differs")
    assert report.sender == "alice@example.test"


def test_the_protected_sender_is_the_one_who_is_held_against_the_signer() -> None:
    report = examine(sign_protected(MESSAGE.replace(b"<alice@", b"<bob@"), replace=(b"<bob@", b"<alice@")))
    assert report.state is State.INVALID
    assert "sender-mismatch" in codes(report)


def test_a_hidden_subject_comes_out_of_the_encrypted_message() -> None:
    outer, entity = protect(MESSAGE, ProtectionMode.CIPHER)
    signed = run(sign_entity(entity, Signing(identities=[ALICE], signing_time=NOW), provider=PROVIDER))
    encrypted = outer + run(encrypt_entity(signed, Encrypting(recipients=[BOB.certificate]), provider=PROVIDER))
    assert b"Greetings" not in encrypted
    report = examine(encrypted, BOB)
    assert (report.state, report.header_scheme) == (State.VERIFIED, "hp-cipher")
    assert ("Subject", "Greetings") in report.headers
    assert dict(examine(encrypted).headers)["Subject"] == "[...]"


def test_protection_that_an_unsigned_part_claims_means_nothing() -> None:
    part = b'Subject: Forged\r\nContent-Type: text/plain; hp="clear"\r\n\r\nWords.'
    report = examine(mixed(part))
    assert (report.header_scheme, "Subject" in dict(report.headers)) == ("none", False)
    plain = b"From: Alice <alice@example.test>\r\n" + part
    assert examine(plain).header_scheme == "none"


def test_signed_by_whom_the_sender_field_names_is_told_apart_from_forged() -> None:
    message = MESSAGE.replace(b"From: Alice <alice@", b"Sender: <alice@example.test>\r\nFrom: Boss <boss@")
    report = examine(sign(message))
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, ["signed-by-sender-field"])


def test_a_signing_time_outside_the_certificates_validity_leaves_it_unverified() -> None:
    early = blocking.sign_message(
        MESSAGE, Signing(identities=[ALICE], signing_time=NOW - datetime.timedelta(days=400)), provider=PROVIDER
    )
    report = examine(early)
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, ["signing-time-outside-validity"])


def test_one_signer_who_is_unknown_keeps_the_whole_unverified() -> None:
    other = run(create_authority("Another CA", provider=PROVIDER, at=NOW))
    stranger = run(issue_identity(other, "x@example.test", provider=PROVIDER, at=NOW))
    signed = blocking.sign_message(MESSAGE, Signing(identities=[ALICE, stranger], signing_time=NOW), provider=PROVIDER)
    report = examine(signed)
    assert report.state is State.SIGNED_UNVERIFIED
    assert {signer.state for signer in report.signers} == {State.VERIFIED, State.SIGNED_UNVERIFIED}


def test_addresses_match_in_either_form_of_the_domain() -> None:
    assert addresses_match("Jörg@Bücher.example", "jörg@xn--bcher-kva.example")
    assert not addresses_match("jörg@bücher.example", "jorg@xn--bcher-kva.example")
    assert not addresses_match("a@b@example.test", "a@example.test")


def alter_at_the_end(encrypted: bytes) -> Iterator[bytes]:
    """An encrypted letter with one bit altered in each of the last bytes of its structure."""
    head, body = encrypted.split(b"\r\n\r\n", 1)
    cms = bytearray(b64decode(body))
    for offset in range(1, 200):
        cms[-offset] ^= 1
        yield head + b"\r\n\r\n" + encodebytes(cms)
        cms[-offset] ^= 1


def test_an_encrypted_letter_altered_anywhere_at_its_end_is_refused() -> None:
    for altered in alter_at_the_end(encrypt(sign(), AES_256_GCM)):
        with pytest.raises(SmimeError):
            examine(altered, BOB)


def test_a_letter_encrypted_without_a_tag_and_altered_at_its_end_is_refused_or_shows_what_was_signed() -> None:
    encrypted = encrypt(sign(), AES_256_CBC)
    signed, opened = examine(encrypted, BOB).content, []
    for altered in alter_at_the_end(encrypted):
        # One altered block in 256 ends like padding. Its damage is behind the closing boundary, outside signed text.
        with contextlib.suppress(SmimeError):
            opened.append(examine(altered, BOB).content)
    assert len(opened) < 10
    assert all(content == signed for content in opened)


def test_an_unclosed_signature_is_noted() -> None:
    signed = sign()
    report = examine(signed[: signed.rindex(b"\r\n--")])
    assert (report.state, report.content) == (State.VERIFIED, examine(signed).content)
    assert [reason.code for reason in report.reasons] == ["revocation-not-checked", "frame-damaged"]
