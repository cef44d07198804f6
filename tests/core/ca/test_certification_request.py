"""Requests for certificates: OpenSSL and pyca read ours, we read theirs, and each must be signed by its own key."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from smime_core import blocking
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.ca.certification_request import (
    EXTENSION_REQUEST,
    build_certification_request,
    certification_request_to_pem,
    open_certification_request,
    parse_certification_request,
)
from smime_core.errors import (
    LimitExceeded,
    MalformedMessage,
    SignatureMismatch,
    SmimeError,
    UnsupportedAlgorithm,
)
from smime_core.identity import export_private_key
from smime_core.keys import public_key_of
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider

PROVIDER = NativeProvider()
ENCRYPTING = {NewKey.X25519, NewKey.X448, NewKey.ML_KEM_512, NewKey.ML_KEM_768, NewKey.ML_KEM_1024}
CLASSIC = [kind for kind in NewKey if kind not in ENCRYPTING and not kind.startswith("ml-")]


def request_of(kind: NewKey, *addresses: str, common_name: str = "") -> bytes:
    key = run(PROVIDER.generate_key(kind))
    return run(build_certification_request(key, addresses, provider=PROVIDER, common_name=common_name))


@pytest.mark.parametrize("kind", CLASSIC)
def test_openssl_accepts_our_proof_of_possession(tmp_path: Path, kind: NewKey) -> None:
    path = tmp_path / "alice.csr"
    path.write_bytes(certification_request_to_pem(request_of(kind, "alice@example.test", common_name="Alice")))
    command = ["openssl", "req", "-in", str(path), "-verify", "-noout", "-text"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert "verify OK" in done.stderr
    assert "email:alice@example.test" in done.stdout
    assert "Subject: CN = Alice" in done.stdout


@pytest.mark.parametrize("kind", [kind for kind in NewKey if kind not in ENCRYPTING])
def test_a_built_request_is_read_again(kind: NewKey) -> None:
    key = run(PROVIDER.generate_key(kind))
    addresses = ["alice@example.test", "jürgen@example.test"]
    data = run(build_certification_request(key, addresses, provider=PROVIDER, common_name="Alice"))
    for form in (data, certification_request_to_pem(data)):
        request = run(open_certification_request(form, provider=PROVIDER))
        assert request.addresses == ("alice@example.test", "jürgen@example.test")
        assert request.subject == "CN=Alice"
        assert request.public_key.spki_der == public_key_of(key).spki_der


@pytest.mark.parametrize("kind", sorted(ENCRYPTING))
def test_a_key_that_cannot_sign_is_refused_in_clear_words(kind: NewKey) -> None:
    with pytest.raises(UnsupportedAlgorithm, match="cannot sign, and so cannot prove"):
        request_of(kind, "alice@example.test")


def test_nobody_asks_for_no_address_or_for_what_is_none() -> None:
    with pytest.raises(MalformedMessage, match="no address"):
        request_of(NewKey.P256)
    with pytest.raises(MalformedMessage, match="expected an e-mail address"):
        request_of(NewKey.P256, "Alice <alice@example.test>")


def test_a_request_of_pyca_is_read() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    names = x509.SubjectAlternativeName([x509.RFC822Name("bob@example.test"), x509.DNSName("example.test")])
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Bob")])
    built = x509.CertificateSigningRequestBuilder().subject_name(subject).add_extension(names, critical=False)
    signed = built.sign(key, hashes.SHA256())
    for encoding in (serialization.Encoding.DER, serialization.Encoding.PEM):
        request = run(open_certification_request(signed.public_bytes(encoding), provider=PROVIDER))
        assert request.addresses == ("bob@example.test",)
        assert request.subject == "CN=Bob"


def test_a_request_without_attributes_is_read_and_asks_for_no_address() -> None:
    key = rsa.generate_private_key(65537, 2048)
    signed = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    request = run(open_certification_request(signed.public_bytes(serialization.Encoding.DER), provider=PROVIDER))
    assert request.addresses == ()
    assert request.extensions == ()


def test_a_certificate_that_another_ca_issued_over_our_request_loads_with_our_key(tmp_path: Path) -> None:
    key = run(PROVIDER.generate_key(NewKey.P256))
    data = run(build_certification_request(key, ["alice@example.test"], provider=PROVIDER, common_name="Alice"))
    (tmp_path / "alice.csr").write_bytes(certification_request_to_pem(data))
    (tmp_path / "wanted.ext").write_text("subjectAltName=email:alice@example.test\nextendedKeyUsage=emailProtection\n")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, capture_output=True, check=True, timeout=30)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Other CA", "-keyout", "ca.key", "-out", "ca")
    arguments = ["-CA", "ca", "-CAkey", "ca.key", "-extfile", "wanted.ext", "-set_serial", "7", "-out", "alice.pem"]
    openssl("x509", "-req", "-in", "alice.csr", "-days", "30", *arguments)
    pem = blocking.run(export_private_key(key, None, provider=PROVIDER)) + (tmp_path / "alice.pem").read_bytes()
    identity = blocking.load_identity(pem, None, provider=PROVIDER)
    assert identity.certificate.email_addresses == ("alice@example.test",)
    assert identity.certificate.issuer == "CN=Other CA"


@pytest.mark.parametrize("marker", [b"alice@example.test", b"Alice"])
def test_a_name_that_was_changed_on_the_way_breaks_the_proof(marker: bytes) -> None:
    data = bytearray(request_of(NewKey.P256, "alice@example.test", common_name="Alice"))
    data[data.index(marker) + 1] ^= 1
    with pytest.raises(SignatureMismatch):
        run(open_certification_request(bytes(data), provider=PROVIDER))


def test_a_key_of_somebody_else_breaks_the_proof() -> None:
    data = request_of(NewKey.P256, "alice@example.test")
    other = public_key_of(run(PROVIDER.generate_key(NewKey.P256))).spki_der
    own = parse_certification_request(data).public_key.spki_der
    with pytest.raises(SignatureMismatch):
        run(open_certification_request(data.replace(own, other), provider=PROVIDER))


def test_a_request_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(LimitExceeded, match="bytes of a certification request"):
        parse_certification_request(bytes(70_000))


def hostile_request(attributes: bytes) -> bytes:
    request = parse_certification_request(request_of(NewKey.P256, "alice@example.test"))
    info = der.sequence(der.integer(0), request.subject_der, request.public_key.spki_der, attributes)
    return der.sequence(info, request.signature_algorithm_der, der.element(0x03, b"\0", request.signature))


def attribute(*values: bytes) -> bytes:
    return der.element(0xA0, der.sequence(der.oid(EXTENSION_REQUEST), der.element(der.SET, *values)))


def malformed_requests() -> dict[str, tuple[bytes, str]]:
    data = request_of(NewKey.P256, "alice@example.test")
    info, algorithm, signature = (bytes(field.encoded) for field in der.read_sequence(data))
    version, subject, key, attributes = (bytes(field.encoded) for field in der.read_sequence(info))
    as_set = [b"\x31" + structure[1:] for structure in (info, subject)]

    def whole(*parts: bytes) -> bytes:
        return der.sequence(der.sequence(*parts), algorithm, signature)

    return {
        "two fields": (der.sequence(info, algorithm), "2 fields, expected 3"),
        "info is no SEQUENCE": (der.sequence(as_set[0], algorithm, signature), "expected 0x30"),
        "no key": (whole(version, subject), "expected version, subject, key"),
        "five parts": (whole(version, subject, key, attributes, b"\x05\x00"), "expected version, subject, key"),
        "version 2": (whole(der.integer(1), subject, key, attributes), "expected version, subject, key"),
        "subject is no SEQUENCE": (whole(version, as_set[1], key, attributes), "expected 0x30"),
        "attributes of another tag": (whole(version, subject, key, b"\xa1" + attributes[1:]), "expected 0xa0"),
        "signature of odd bits": (
            der.sequence(info, algorithm, signature[:2] + b"\x01" + signature[3:]),
            "a BIT STRING of odd bits",
        ),
    }


@pytest.mark.parametrize("name", malformed_requests())
def test_a_request_of_another_structure_is_refused(name: str) -> None:
    data, text = malformed_requests()[name]
    with pytest.raises(MalformedMessage, match=text):
        parse_certification_request(data)


def test_an_address_that_gets_no_mail_is_asked_for_by_nobody() -> None:
    with pytest.raises(MalformedMessage, match="an address of 255 bytes"):
        request_of(NewKey.P256, "a" * 242 + "@example.test")


def test_wishes_that_contradict_each_other_are_refused() -> None:
    name = der.sequence(der.element(0x81, b"a@example.test"))
    extension = der.sequence(der.oid("2.5.29.17"), der.octet_string(name))
    with pytest.raises(MalformedMessage, match="2 values"):
        parse_certification_request(hostile_request(attribute(der.sequence(extension), der.sequence())))
    with pytest.raises(MalformedMessage, match="appears twice"):
        parse_certification_request(hostile_request(attribute(der.sequence(extension, extension))))


def test_a_thousand_wishes_are_refused() -> None:
    names = [der.element(0x81, b"a%d@example.test" % number) for number in range(1000)]
    extension = der.sequence(der.oid("2.5.29.17"), der.octet_string(der.sequence(*names)))
    with pytest.raises(LimitExceeded, match="addresses of a certification request"):
        parse_certification_request(hostile_request(attribute(der.sequence(extension))))


def test_every_flipped_bit_of_a_request_is_an_error_of_ours() -> None:
    """Even if the altered request can still be read, its proof of possession fails."""
    data = request_of(NewKey.P256, "alice@example.test", common_name="Alice")
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1 << position % 8
        with pytest.raises(SmimeError):
            run(open_certification_request(bytes(changed), provider=PROVIDER))


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"no PEM", b"-----BEGIN CERTIFICATE REQUEST-----\n"])
def test_data_without_a_request_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_certification_request(data)


def test_two_requests_in_one_file_are_refused() -> None:
    pem = certification_request_to_pem(request_of(NewKey.P256, "alice@example.test"))
    with pytest.raises(MalformedMessage, match="found 2, expected one"):
        parse_certification_request(pem + pem)


def test_a_name_with_an_empty_type_is_refused() -> None:
    empty_type = bytes.fromhex("300a31083006060008024341")
    fields = der.read_sequence(request_of(NewKey.P256, "alice@example.test"))
    parts = [bytes(part.encoded) for part in der.read_children(fields[0])]
    altered = der.sequence(der.sequence(parts[0], empty_type, *parts[2:]), *(field.encoded for field in fields[1:]))
    with pytest.raises(MalformedMessage, match="OBJECT IDENTIFIER"):
        parse_certification_request(altered)
