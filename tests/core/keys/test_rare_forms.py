"""Keys of rare forms: id-RSAES-OAEP, id-ecDH, explicit parameters, and Ed25519 "for encryption"."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest

from sealwax.cli.options.parameters import now
from smime_core import Identity, blocking
from smime_core.algorithms import HashName, KeyTransport, TransportScheme, build_transport_identifier
from smime_core.asn1 import build_pem, der
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.cms import Encrypting, Keys, Signing, choose_signature_algorithm
from smime_core.errors import SignatureMismatch, SmimeError, UnsupportedAlgorithm
from smime_core.identity import export_identities, load_private_key
from smime_core.keys import parse_private_key
from smime_core.pkix import Purpose, check_end_entity
from smime_core.provider import KeyType, NewKey, PrivateKey
from smime_core.x509 import parse_certificate
from smime_core.x509.certificate import KeyUsage
from tests.support.command.lab import QuickLab
from tests.support.people import NOW, PROVIDER, person

DIGITAL_SIGNATURE, SIGNATURE_AND_BOTH_ENCRYPTIONS = b"\x03\x02\x07\x80", b"\x03\x02\x03\xa8"
OAEP = der.sequence(der.oid("1.2.840.113549.1.1.7"))
SHA384 = KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=HashName.SHA384, mgf_hash=HashName.SHA384)
EC_DH = der.sequence(der.oid("1.3.132.1.12"), der.oid("1.2.840.10045.3.1.7"))
FORMS = {
    "OAEP": (NewKey.RSA_2048, OAEP),
    "OAEP with SHA-384": (NewKey.RSA_2048, build_transport_identifier(SHA384)),
    "ecDH": (NewKey.P256, EC_DH),
}


def holder(form: str) -> Identity:
    """Bob, whose certificate names his key by another identifier. Its signature does not fit any more."""
    key, algorithm = FORMS[form]
    bob = person("bob", key)
    certificate = der.read_sequence(bob.certificate.der)
    body = der.read_sequence(certificate[0].encoded)
    # TBSCertificate: [0] version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, ...
    spki = der.sequence(algorithm, bytes(der.read_sequence(body[6].encoded)[1].encoded))
    fields = [bytes(field.encoded) for field in body]
    rest = [bytes(field.encoded) for field in certificate[1:]]
    changed = parse_certificate(der.sequence(der.sequence(*fields[:6], spki, *fields[7:]), *rest))
    return Identity(certificate=changed, private_key=bob.private_key, chain=())


@pytest.mark.parametrize("form", FORMS)
def test_the_owner_of_a_rare_key_receives(form: str) -> None:
    bob = holder(form)
    cms = blocking.encrypt_bytes(b"content", Encrypting(recipients=[bob.certificate]), PROVIDER)
    opened = blocking.decrypt_bytes(cms, Keys(identities=[bob]), PROVIDER)
    assert opened.content == b"content"
    if form.startswith("OAEP"):
        identifier = build_transport_identifier(SHA384) if "384" in form else der.oid("1.2.840.113549.1.1.7")
        assert identifier in cms


@pytest.mark.parametrize("form", FORMS)
def test_a_key_that_is_bound_to_encryption_signs_nothing(form: str) -> None:
    bob = holder(form)
    with pytest.raises(UnsupportedAlgorithm, match="bound to encryption"):
        blocking.sign_bytes(b"content", Signing(identities=[bob], signing_time=NOW), PROVIDER)
    with pytest.raises(SmimeError, match="bound to encryption"):
        check_end_entity(bob.certificate, Purpose.SIGN)


@pytest.mark.parametrize("form", FORMS)
def test_nothing_verifies_by_a_key_that_is_bound_to_encryption(form: str) -> None:
    bob = holder(form)
    algorithm = choose_signature_algorithm(bob.private_key)
    signature = blocking.run(PROVIDER.sign(bob.private_key, algorithm, b"content"))
    plain = person("bob", FORMS[form][0]).certificate
    blocking.run(PROVIDER.verify(plain.public_key, algorithm, signature, b"content"))
    with pytest.raises(SignatureMismatch, match="bound to encryption"):
        blocking.run(PROVIDER.verify(bob.certificate.public_key, algorithm, signature, b"content"))


@pytest.mark.parametrize("form", ["PKCS#8", "SEC 1"])
@pytest.mark.parametrize("curve", ["prime256v1", "secp384r1", "brainpoolP256r1"])
def test_a_private_key_with_explicit_parameters_is_that_of_its_curve(tmp_path: Path, curve: str, form: str) -> None:
    def openssl(*arguments: str) -> bytes:
        return subprocess.run(["openssl", *arguments], cwd=tmp_path, capture_output=True, check=True).stdout

    openssl("ecparam", "-name", curve, "-genkey", "-noout", "-out", "named.key")
    openssl("ec", "-in", "named.key", "-param_enc", "explicit", "-out", "explicit.key")
    openssl("pkcs8", "-topk8", "-nocrypt", "-in", "explicit.key", "-outform", "DER", "-out", "explicit.der")
    file = "explicit.der" if form == "PKCS#8" else "explicit.key"
    key = load(tmp_path / file)
    assert key.pkcs8_der == load(tmp_path / "named.key").pkcs8_der
    assert parse_private_key(key.pkcs8_der).key_type is KeyType.EC


def load(path: Path) -> PrivateKey:
    return blocking.run(load_private_key(path.read_bytes(), None, PROVIDER))


def test_an_ed25519_key_for_key_agreement_only_signs(tmp_path: Path) -> None:
    lab, at = QuickLab(tmp_path), now()
    ca = blocking.run(create_authority("CA", PROVIDER, at=at, key=NewKey.P256))
    key = blocking.run(PROVIDER.generate_key(NewKey.ED25519))
    dora = blocking.run(issue_identity(ca, "dora@example.test", PROVIDER, at=at, key=key))
    # The signature of the certificate does not fit any more, which matters only for its path.
    agreeing = dora.certificate.der.replace(DIGITAL_SIGNATURE, SIGNATURE_AND_BOTH_ENCRYPTIONS)
    dora = dataclasses.replace(dora, certificate=parse_certificate(agreeing), chain=())
    assert KeyUsage.KEY_AGREEMENT in (dora.certificate.key_usage or KeyUsage(0))
    lab.write("dora.p12", blocking.run(export_identities([dora], b"secret", PROVIDER)))
    lab.write("dora.pem", build_pem("CERTIFICATE", dora.certificate.der))
    lab.write("secret.txt", b"secret\n")
    lab.write("mail.eml", b"From: dora@example.test\r\n\r\nAt eight.\r\n")
    listed = lab.sealwax("identity", "list", "dora.p12", "--passphrase-file", "secret.txt").stdout
    assert b"Ed25519, signs, until" in listed
    refused = lab.sealwax("encrypt", "mail.eml", "--to", "dora.pem")
    assert (refused.code, "This kind of key cannot be used for encryption. (Ed25519)" in refused.line) == (1, True)
