"""Files of every form: each kind of value is found in it by its structure, in linear time."""

from __future__ import annotations

import base64
import contextlib
import functools
import time
from collections.abc import Callable

import pytest

from smime_core import blocking
from smime_core.asn1 import ValueKind, build_pem, der, parse_file_values, parse_single_value
from smime_core.blocking import run
from smime_core.ca.certification_request import build_certification_request
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.errors import EntrustProfile, LimitExceeded, MalformedMessage, SmimeError, UnsupportedAlgorithm
from smime_core.identity import export_private_key
from smime_core.limits import MAX_FILE_VALUES
from smime_core.provider import NewKey
from tests.support import timestamp_service
from tests.support.file_forms import FORMS
from tests.support.people import PROVIDER, anchor, build_revocation_list, person


@functools.cache
def value_of(kind: ValueKind) -> bytes:
    """DER of one value of each kind."""
    alice = person("alice")
    makers: dict[ValueKind, Callable[[], bytes]] = {
        ValueKind.CERTIFICATE: lambda: alice.certificate.der,
        ValueKind.REVOCATION_LIST: lambda: build_revocation_list(5),
        ValueKind.CMS: lambda: build_certificates_only([alice.certificate]),
        ValueKind.PKCS12: lambda: blocking.export_identity(alice, b"secret", provider=PROVIDER, iterations=2),
        ValueKind.PRIVATE_KEY: lambda: alice.private_key.pkcs8_der,
        ValueKind.REQUEST: lambda: run(
            build_certification_request(alice.private_key, ["alice@example.test"], provider=PROVIDER)
        ),
        ValueKind.TIMESTAMP: lambda: timestamp_service.make_token(b"hello"),
        ValueKind.OCSP_RESPONSE: lambda: der.sequence(b"\x0a\x01\x06"),
        ValueKind.PUBLIC_KEY: lambda: anchor().public_key.spki_der,
    }
    return makers[kind]()


KINDS = [kind for kind in ValueKind if kind is not ValueKind.OTHER]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_found_in_every_form(kind: ValueKind, form: str) -> None:
    value = value_of(kind)
    file_values = parse_file_values(FORMS[form](value))
    assert [(file_value.kind, file_value.der) for file_value in file_values.values] == [(kind, value)]
    assert file_values.failures == ()


@pytest.mark.parametrize("form", ["DER", "PEM", "base64", "UTF-16 PEM"])
def test_several_values_of_several_kinds_are_found_in_their_order(form: str) -> None:
    kinds = [ValueKind.PRIVATE_KEY, ValueKind.CERTIFICATE, ValueKind.REVOCATION_LIST]
    if form == "DER":
        data = b"\r\n".join(value_of(kind) for kind in kinds)
    elif form == "base64":
        data = b"".join(base64.encodebytes(value_of(kind)) for kind in kinds)
    else:
        data = b"# text\n".join(build_pem("X", value_of(kind)) for kind in kinds)
        data = data.decode().encode("utf-16") if form.startswith("UTF-16") else data
    assert [value.kind for value in parse_file_values(data).values] == kinds


def test_an_encrypted_key_is_known_by_its_header_or_by_its_structure() -> None:
    encrypted = run(export_private_key(person("alice").private_key, b"secret", provider=PROVIDER, iterations=2))
    (value,) = parse_file_values(encrypted).values
    assert value.kind is ValueKind.PRIVATE_KEY
    body = base64.encodebytes(bytes(range(48))).decode()
    for blank in ("", "\n"):
        text = f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AB\n{blank}{body}"
        (value,) = parse_file_values(f"{text}-----END RSA PRIVATE KEY-----\n".encode()).values
        assert (value.kind, value.der) == (ValueKind.PRIVATE_KEY, bytes(range(48)))
        assert value.block is not None
        assert value.block.find_header("dek-info") == "AES-128-CBC,AB"


def test_the_trust_settings_of_openssl_are_no_key() -> None:
    # CertAux: trusted purposes, and a key identifier behind the certificate.
    settings = der.sequence(der.sequence(der.oid("1.3.6.1.5.5.7.3.4")), der.octet_string(bytes(20)))
    file_values = parse_file_values(build_pem("TRUSTED CERTIFICATE", anchor().der + settings))
    assert [value.kind for value in file_values.values] == [ValueKind.CERTIFICATE, ValueKind.OTHER]


@pytest.mark.parametrize("key", NewKey)
def test_a_public_key_is_named_where_a_certificate_belongs(key: NewKey) -> None:
    spki_der = person("alice", key).certificate.public_key.spki_der
    for form in ("DER", "PEM", "base64"):
        with pytest.raises(MalformedMessage, match="found no certificate, but a public key"):
            parse_file_values(FORMS[form](spki_der)).take(ValueKind.CERTIFICATE)


def test_the_two_numbers_of_an_rsa_key_are_a_public_key() -> None:
    """RSAPublicKey of RFC 8017 appendix A.1.1, which old programs write by itself."""
    numbers = bytes(der.read_sequence(anchor().public_key.spki_der)[1].content[1:])
    (value,) = parse_file_values(build_pem("RSA PUBLIC KEY", numbers)).values
    assert value.kind is ValueKind.PUBLIC_KEY


def test_a_damaged_block_does_not_hide_the_others_and_is_reported() -> None:
    whole = build_pem("CERTIFICATE", anchor().der)
    for damaged in (whole[:200] + b"\n", whole.replace(b"MII", b"M!I", 1), whole[:40] + whole[-27:]):
        file_values = parse_file_values(damaged + whole)
        assert [value.der for value in file_values.values] == [anchor().der]
        assert len(file_values.failures) == 1
        with pytest.raises(MalformedMessage):
            file_values.take(ValueKind.CERTIFICATE)


def test_a_key_of_another_program_beside_a_certificate_is_passed_over() -> None:
    file_values = parse_file_values(
        build_pem("OPENSSH PRIVATE KEY", b"openssh-key-v1\0") + build_pem("X", anchor().der)
    )
    assert file_values.take(ValueKind.CERTIFICATE)[0].der == anchor().der
    with pytest.raises(UnsupportedAlgorithm, match="OPENSSH"):
        parse_file_values(build_pem("OPENSSH PRIVATE KEY", b"openssh-key-v1\0")).take(ValueKind.PRIVATE_KEY)


def test_a_value_of_another_kind_is_named() -> None:
    with pytest.raises(MalformedMessage, match="found no certificate, but a PKCS#12"):
        parse_file_values(value_of(ValueKind.PKCS12)).take(ValueKind.CERTIFICATE)
    with pytest.raises(MalformedMessage, match="found 2, expected one"):
        parse_single_value(anchor().der * 2, ValueKind.CERTIFICATE)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0",
        b"hello",
        b"test",
        b"\xff\xfe",
        b"\x30",
        b"\x30\x82\xff\xff",
        anchor().der[:-1],
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_file_values(data)


@pytest.mark.parametrize(("rest", "accepted"), [(b"xy", True), (b"xyz", False), (b"\0\0x", False)])
def test_no_more_than_two_other_bytes_may_follow_a_value(rest: bytes, accepted: bool) -> None:
    if accepted:
        assert parse_file_values(anchor().der + rest).values[0].der == anchor().der
        return
    with pytest.raises(MalformedMessage, match="3 bytes follow"):
        parse_file_values(anchor().der + rest)


def test_an_entrust_profile_is_named() -> None:
    with pytest.raises(EntrustProfile):
        parse_file_values("[Password Token]\nX=1\n".encode("utf-16"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_value_is_refused_or_keeps_its_kind(kind: ValueKind) -> None:
    value = value_of(kind)
    for end in range(0, len(value), max(1, len(value) // 40)):
        with pytest.raises(SmimeError):
            parse_file_values(value[:end])


def test_the_number_of_values_is_bounded() -> None:
    with pytest.raises(LimitExceeded):
        parse_file_values(b"\x30\x00" * (MAX_FILE_VALUES + 1))
    with pytest.raises(LimitExceeded):
        parse_file_values(b"-----BEGIN X-----" * (MAX_FILE_VALUES + 1))


HOSTILE = {
    "begins": b"-----BEGIN ",
    "blocks without an end": b"-----BEGIN X-----\n",
    "hyphens": b"-----BEGIN X-----" + b"-" * 1_000_000,
    "headers": b"-----BEGIN X-----\nA: b\n" + b" c\n" * 300_000 + b"-----END X-----",
    "names": b"-----BEGIN X-----\n" + b"A: b\n" * 200_000 + b"-----END X-----",
    "blank lines": b"-----BEGIN X-----\n" + b"\n" * 1_000_000 + b"-----END X-----",
    "backslashes": b"-----BEGIN X-----" + b"\\n" * 500_000 + b"-----END X-----",
    "paddings": b"AA==" * 250_000,
    "zeros": b"\x30\x00" + b"\0" * 1_000_000,
    "zeros with an end": b"\x30\x00" + b"\0" * 1_000_000 + b"xyz",
    "nested": b"\x30\x80" * 500_000,
    "base64": b"TUlJ" * 300_000,
    "label": b"-----BEGIN " + b"A" * 1_000_000 + b"-----",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_take_linear_time(name: str) -> None:
    unit = HOSTILE[name]
    data = unit if len(unit) > 10_000 else unit * (1_000_000 // len(unit))
    begin = time.process_time()
    with contextlib.suppress(SmimeError):
        parse_file_values(data)
    # A quadratic step over a megabyte takes minutes.
    assert time.process_time() - begin < 2
