"""Each function of the core that takes a file reads it in every form: a grid of forms and doors."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable

import pytest

from smime_core import blocking, stream
from smime_core.asn1 import build_pem
from smime_core.blocking import run
from smime_core.ca.certification_request import build_certification_request, parse_certification_request
from smime_core.cms import SignatureForm, Signing, build_certificates_only, parse_carried
from smime_core.cms.carried import parse_carried_certificates, parse_carried_lists
from smime_core.describe import Description, KeysAndCertificates, inspect_file
from smime_core.errors import MalformedMessage
from smime_core.identity import load_private_key
from smime_core.mime import build_pkcs7_mime
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report import State
from smime_core.timestamp import read_timestamp
from smime_core.trust import Judging, parse_people_file
from smime_core.x509 import RevocationList, parse_certificate, parse_certificates, parse_revocation_list
from tests.support import timestamp_service
from tests.support.file_forms import FORMS
from tests.support.people import NOW, PROVIDER, anchor, build_revocation_list, person, trust

STREAMING = NativeStreamingProvider()
ALICE = person("alice")
PASSPHRASE = b"secret"


@functools.cache
def key_file() -> bytes:
    return blocking.export_identity(ALICE, PASSPHRASE, provider=PROVIDER, iterations=2)


@functools.cache
def signed() -> bytes:
    return blocking.sign_bytes(b"hello", Signing(identities=[ALICE], signing_time=NOW), provider=PROVIDER)


@functools.cache
def request() -> bytes:
    return run(build_certification_request(ALICE.private_key, ["alice@example.test"], provider=PROVIDER))


@functools.cache
def token() -> bytes:
    return timestamp_service.make_token(b"hello")


def inspected(data: bytes) -> object:
    return run(inspect_file(data, PROVIDER, passphrase=lambda: PASSPHRASE))


def has_certificate(data: bytes) -> bool:
    contents = inspected(data)
    return isinstance(contents, KeysAndCertificates) and ALICE.certificate in contents.certificates


def shows_layers(data: bytes) -> bool:
    contents = inspected(data)
    return isinstance(contents, Description) and len(contents.layers) == 1


def shows_request(data: bytes) -> bool:
    contents = inspected(data)
    return isinstance(contents, KeysAndCertificates) and "alice@example.test" in contents.title


def is_signed_by_alice(data: bytes) -> bool:
    report = blocking.verify_bytes(data, Judging(trust_store=trust(), at=NOW), provider=PROVIDER)
    return report.state in (State.VERIFIED, State.SIGNED_UNVERIFIED) and report.content == b"hello"


def is_signed_by_alice_in_a_stream(data: bytes) -> bool:
    report = stream.examine_file(io.BytesIO(data), Judging(trust_store=trust(), at=NOW), STREAMING)
    content = io.BytesIO()
    stream.copy_content(report, content)
    return report.report.state in (State.VERIFIED, State.SIGNED_UNVERIFIED) and content.getvalue() == b"hello"


def with_chain() -> bytes:
    return build_certificates_only([ALICE.certificate, anchor()], crls=[build_revocation_list(5)])


# Each door: a value, and whether the door finds it in a file.
DOORS: dict[str, tuple[Callable[[], bytes], Callable[[bytes], bool]]] = {
    "certificate": (lambda: ALICE.certificate.der, lambda data: parse_certificate(data) == ALICE.certificate),
    "certificates": (lambda: ALICE.certificate.der, lambda data: parse_certificates(data) == (ALICE.certificate,)),
    "carried": (lambda: ALICE.certificate.der, lambda data: parse_carried_certificates(data) == (ALICE.certificate,)),
    "carried in .p7b": (with_chain, lambda data: ALICE.certificate in parse_carried_certificates(data)),
    "carried in a signature": (signed, lambda data: ALICE.certificate in parse_carried_certificates(data)),
    "lists": (lambda: build_revocation_list(5), lambda data: parse_carried_lists(data) == (build_revocation_list(5),)),
    "lists in .p7b": (with_chain, lambda data: len(parse_carried_lists(data)) == 1),
    "list": (lambda: build_revocation_list(5), lambda data: list(parse_revocation_list(data).revoked) == [5]),
    "people": (lambda: ALICE.certificate.der, lambda data: len(parse_people_file(data).people) == 1),
    "people in .p7b": (with_chain, lambda data: len(parse_people_file(data).people) == 1),
    "people in a signature": (signed, lambda data: len(parse_people_file(data).people) == 1),
    "identity": (key_file, lambda data: len(blocking.load_identities(data, PASSPHRASE, provider=PROVIDER)) == 1),
    "key": (
        lambda: ALICE.private_key.pkcs8_der,
        lambda data: run(load_private_key(data, None, PROVIDER)).pkcs8_der == ALICE.private_key.pkcs8_der,
    ),
    "request": (request, lambda data: parse_certification_request(data).addresses == ("alice@example.test",)),
    "timestamp": (token, lambda data: read_timestamp(data).der == token()),
    "verification": (signed, is_signed_by_alice),
    "verification in a stream": (signed, is_signed_by_alice_in_a_stream),
    "inspection of a certificate": (lambda: ALICE.certificate.der, has_certificate),
    "inspection of a key file": (key_file, has_certificate),
    "inspection of a list": (
        lambda: build_revocation_list(5),
        lambda data: isinstance(inspected(data), RevocationList),
    ),
    "inspection of a signature": (signed, shows_layers),
    "inspection of a timestamp": (token, shows_layers),
    "inspection of a request": (request, shows_request),
    "inspection of a key": (
        lambda: ALICE.private_key.pkcs8_der,
        lambda data: isinstance(contents := inspected(data), KeysAndCertificates) and len(contents.keys) == 1,
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("door", DOORS)
def test_every_door_reads_every_form(door: str, form: str) -> None:
    if form == "base64, no padding" and door in ("inspection of a signature", "verification in a stream"):
        pytest.skip("memory and streams both demand the padding of a message")
    make, finds = DOORS[door]
    assert finds(FORMS[form](make()))


MAIL = b"From: alice@example.test\r\nSubject: Supper\r\n\r\nAt eight.\r\n"


@pytest.mark.parametrize("form", [SignatureForm.DETACHED, SignatureForm.OPAQUE])
def test_a_signed_mail_is_a_source_of_certificates(form: SignatureForm) -> None:
    mail = blocking.sign_message(MAIL, Signing(identities=[ALICE], signing_time=NOW, form=form), provider=PROVIDER)
    assert ALICE.certificate in parse_carried_certificates(mail)
    assert len(parse_people_file(mail).people) == 1


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"From: alice@example.test\r\n\r\nHi\r\n", "carries no revocation lists"),
        (key_file(), "no certificate revocation list, but a PKCS#12"),
        (ALICE.certificate.der, "no revocation list, but certificates"),
    ],
    ids=["mail", "key file", "certificate"],
)
def test_a_door_for_lists_says_that_it_wants_a_list(data: bytes, cause: str) -> None:
    with pytest.raises(MalformedMessage, match=cause):
        parse_carried_lists(data)


def test_a_mail_with_certificates_only_is_a_source_of_certificates_and_lists() -> None:
    mail = b"From: alice@example.test\r\n" + build_pkcs7_mime(b"", with_chain(), "certs-only")
    carried = parse_carried(mail)
    assert (set(carried.certificates), len(carried.crls)) == ({ALICE.certificate, anchor()}, 1)


def test_a_certificate_that_a_plain_mail_quotes_is_not_taken() -> None:
    quoted = MAIL + build_pem("CERTIFICATE", ALICE.certificate.der)
    with pytest.raises(MalformedMessage, match="not signed"):
        parse_carried(quoted)
    assert isinstance(inspected(quoted), Description)


def test_certificates_and_lists_in_one_file_are_all_inspected() -> None:
    description = inspected(build_pem("X", anchor().der) + 2 * build_pem("X", build_revocation_list(5)))
    assert isinstance(description, Description)
    assert len(description.layers[0].certificates) == 1
    assert len(description.layers[0].revocation_lists) == 1


def test_keys_and_certificates_of_one_file_make_an_identity_in_any_mix_of_forms() -> None:
    bag = build_certificates_only([ALICE.certificate, anchor()])
    for data in (
        ALICE.private_key.pkcs8_der + b"\n" + ALICE.certificate.der,
        build_pem("CERTIFICATE", ALICE.private_key.pkcs8_der) + build_pem("PRIVATE KEY", bag),
    ):
        (identity,) = blocking.load_identities(data, None, provider=PROVIDER)
        assert identity.certificate == ALICE.certificate
