"""One unreadable certificate does not close a file of keys, and `inspect` lists it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from smime_core.asn1 import der
from smime_core.asn1.pem import build_pem
from smime_core.blocking import run
from smime_core.cms.carried import parse_carried
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.cms.content_info import ID_DATA, ID_SIGNED_DATA, build_content_info
from smime_core.describe import KeysAndCertificates, findings_to_json, inspect_file
from smime_core.errors import MalformedMessage
from smime_core.identity.identity import load_identities
from smime_core.identity.pkcs12 import Pkcs12Certificate, Pkcs12Contents, Pkcs12Form, Pkcs12Key, build_pkcs12
from smime_core.identity.private_key_file import load_private_key
from tests.support.people import PROVIDER, person

PASSPHRASE = b"secret"
Writer = Callable[..., bytes]


def without_seconds(name: str) -> bytes:
    """The certificate of a person whose validity begins at a UTCTime without seconds, which is not allowed."""
    tbs, *rest = der.read_sequence(person(name).certificate.der)
    fields = [bytes(child.encoded) for child in der.read_children(tbs)]
    fields[4] = der.sequence(der.element(0x17, b"2501010000Z"), der.element(0x17, b"340101000000Z"))
    return der.sequence(der.sequence(*fields), *(bytes(part.encoded) for part in rest))


UNREADABLE = {
    "without seconds": without_seconds("alice"),
    "cut": person("alice").certificate.der[:100],
    "one byte": b"0",
    "no DER": b"hello",
    "empty": b"",
}


def pem_file(*certificates: bytes, keys: tuple[str, ...] = ("alice", "bob")) -> bytes:
    private = [build_pem("PRIVATE KEY", person(name).private_key.pkcs8_der) for name in keys]
    return b"".join([build_pem("CERTIFICATE", certificate) for certificate in certificates] + private)


def pkcs12_file(*certificates: bytes, keys: tuple[str, ...] = ("alice", "bob")) -> bytes:
    contents = Pkcs12Contents(
        keys=tuple(Pkcs12Key(pkcs8_der=person(name).private_key.pkcs8_der) for name in keys),
        certificates=tuple(Pkcs12Certificate(certificate_der=certificate) for certificate in certificates),
    )
    return run(build_pkcs12(contents, PASSPHRASE, PROVIDER, 2, form=Pkcs12Form.COMPATIBLE))


@pytest.mark.parametrize("file", [pem_file, pkcs12_file])
@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_certificate_does_not_close_the_other_keys(name: str, file: Writer) -> None:
    bob = person("bob").certificate
    for order in ((UNREADABLE[name], bob.der), (bob.der, UNREADABLE[name])):
        (identity,) = run(load_identities(file(*order), PASSPHRASE, PROVIDER))
        assert identity.certificate == bob


@pytest.mark.parametrize("file", [pem_file, pkcs12_file])
def test_a_file_whose_only_certificate_is_unreadable_says_why(file: Writer) -> None:
    with pytest.raises(MalformedMessage, match="notBefore"):
        run(load_identities(file(UNREADABLE["without seconds"]), PASSPHRASE, PROVIDER))


def test_a_block_that_is_no_base64_does_not_close_the_other_keys() -> None:
    bob = person("bob").certificate
    for label in ("CERTIFICATE", "PRIVATE KEY"):
        damaged = b"-----BEGIN %s-----\nA\n-----END %s-----\n" % (label.encode(), label.encode())
        (identity,) = run(load_identities(damaged + pem_file(bob.der), None, PROVIDER))
        assert identity.certificate == bob


def test_a_damaged_block_does_not_hide_a_key_in_its_own_file() -> None:
    key = person("bob").private_key
    for damaged in (build_pem("CERTIFICATE", b"hello"), b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n"):
        private_key = run(load_private_key(damaged + build_pem("PRIVATE KEY", key.pkcs8_der), None, PROVIDER))
        assert private_key.pkcs8_der == key.pkcs8_der


def test_a_damaged_bag_of_certificates_does_not_close_the_file_of_keys() -> None:
    bob = person("bob").certificate
    for damaged in (
        build_content_info(ID_DATA, der.octet_string(b"")),
        build_content_info(ID_SIGNED_DATA, der.sequence()),
    ):
        (identity,) = run(load_identities(build_pem("PKCS7", damaged) + pem_file(bob.der), None, PROVIDER))
        assert identity.certificate == bob


def test_a_p7b_file_whose_only_certificate_is_unreadable_says_why() -> None:
    alice = person("alice").certificate
    p7b = build_certificates_only([dataclasses.replace(alice, der=UNREADABLE["without seconds"])])
    with pytest.raises(MalformedMessage, match="notBefore"):
        parse_carried(p7b)


@pytest.mark.parametrize(("file", "keys"), [(pem_file, ("bob",)), (pkcs12_file, ("alice", "bob")), (pem_file, ())])
def test_the_unreadable_certificates_of_a_file_are_listed(file: Writer, keys: tuple[str, ...]) -> None:
    bob = person("bob").certificate
    data = file(UNREADABLE["without seconds"], bob.der, UNREADABLE["no DER"], keys=keys)
    findings = run(inspect_file(data, PROVIDER, passphrase=lambda: PASSPHRASE))
    assert isinstance(findings, KeysAndCertificates)
    assert findings.certificates == (bob,)
    first, second = findings.unreadable_certificates
    assert "CN=Test CA, #" in first
    assert "notBefore" in first
    assert "certificate" in second.lower()
    assert findings_to_json(findings)["unreadableCertificates"] == [first, second]
