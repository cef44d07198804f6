"""Encrypted messages by others: RFC 4134, CMS examples on RFC 9216's keys, OpenSSL, Go, pyca, and ML-KEM from LAMPS."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Final

import pytest

from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.content_info import parse_content_info, unarmor
from smime_core.cms.encrypted_data import decrypt_encrypted_data, parse_encrypted_data
from smime_core.cms.enveloped_data import decrypt_enveloped_data
from smime_core.cms.layers import EncryptedLayer, find_layer, parse_message
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.recipients.recipient_info import recipient_algorithm
from smime_core.errors import (
    AlgorithmForbidden,
    DecryptionError,
    MalformedMessage,
    NoMatchingRecipient,
    SmimeError,
    UnsupportedAlgorithm,
)
from smime_core.identity.identity import Identity
from smime_core.keys import parse_private_key
from smime_core.policy import Policy
from smime_core.x509.certificate import parse_certificates
from tests.support.envelopes import decrypt, parse
from tests.support.people import PROVIDER
from tests.support.vectors import vectors

SAMPLE: Final = b"This is some sample content."
_KEY: Final = re.compile(rb"-----BEGIN ([A-Z ]*)PRIVATE KEY-----([^-]*)-----")


def identity(certificate: Path, key: Path) -> Identity:
    octets = key.read_bytes()
    if match := _KEY.search(octets):
        octets = base64.b64decode(match[2])
        if match[1] == b"RSA ":
            rsa = der.sequence(der.oid("1.2.840.113549.1.1.1"), b"\x05\0")
            octets = der.sequence(der.integer(0), rsa, der.octet_string(octets))
    return Identity(certificate=parse_certificates(certificate.read_bytes())[0], private_key=parse_private_key(octets))


def open_file(path: Path, *people: Identity, policy: Policy = Policy.ARCHIVE) -> bytes:
    return decrypt(bytes(unarmor(path.read_bytes())), *people, policy=policy)


def open_layer(layer: EncryptedLayer, *people: Identity) -> bytes:
    opened = decrypt_enveloped_data(layer.enveloped, Keys(identities=people), provider=PROVIDER, policy=Policy.ARCHIVE)
    return run(opened).content


@pytest.mark.parametrize("name", ["5.1.bin", "5.2.bin"])
def test_rfc_4134_enveloped_data_opens_from_the_archive_alone(name: str) -> None:
    folder = vectors("rfc4134")
    bob = identity(folder / "BobRSASignByCarl.cer", folder / "BobPrivRSAEncrypt.pri")
    assert open_file(folder / name, bob) == SAMPLE
    with pytest.raises(AlgorithmForbidden):
        open_file(folder / name, bob, policy=Policy.RECEIVE)


def test_rfc_4134_enveloped_mail_opens() -> None:
    folder = vectors("rfc4134")
    bob = identity(folder / "BobRSASignByCarl.cer", folder / "BobPrivRSAEncrypt.pri")
    layer = find_layer(parse_message((folder / "5.3.eml").read_bytes()))
    assert isinstance(layer, EncryptedLayer)
    assert SAMPLE in open_layer(layer, bob)


@pytest.mark.parametrize("name", ["7.1.bin", "7.2.bin"])
def test_rfc_4134_encrypted_data_opens(name: str) -> None:
    content_info = parse_content_info((vectors("rfc4134") / name).read_bytes())
    encrypted = parse_encrypted_data(content_info.content)
    key = bytes.fromhex("737c791f25ead0e04629254352f7dc6291e5cb26917ada32")
    assert run(decrypt_encrypted_data(encrypted, key, provider=PROVIDER, policy=Policy.ARCHIVE)) == SAMPLE
    assert ("1.2.5555" in encrypted.unprotected_attrs) is (name == "7.2.bin")
    with pytest.raises(AlgorithmForbidden):
        run(decrypt_encrypted_data(encrypted, key, provider=PROVIDER))


@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("encryptedForBobRSAOaep", "bob"),
        ("encryptedForBobAndDana", "bob"),
        ("encryptedForBobAndDana", "dana"),
        ("authEnvelopedForBobChaCha20Poly1305", "bob"),
        ("authEnvelopedForDanaX25519HKDF", "dana"),
    ],
)
def test_the_cms_examples_open_with_the_keys_of_rfc_9216(name: str, reader: str) -> None:
    examples, keys = vectors("cms-examples-ireland"), vectors("rfc9216")
    someone = identity(keys / f"{reader}.encrypt.crt", keys / f"{reader}.encrypt.key")
    for file in (examples / "binary-files" / f"{name}.p7m", examples / "pem-encoded" / f"{name}.pem"):
        assert open_file(file, someone, policy=Policy.RECEIVE) == SAMPLE


def test_the_example_with_a_shared_key_names_it() -> None:
    # The shared key is only in the draft's text, which is not among the vectors. The message is read, not decrypted.
    file = vectors("cms-examples-ireland") / "binary-files" / "encryptedKekri.p7m"
    (recipient,) = parse(file.read_bytes()).recipients
    assert (recipient.kind, str(recipient.rid)) == ("kekri", f"shared key {b'keyid'.hex()}")
    with pytest.raises(NoMatchingRecipient):
        open_file(file)


def test_a_message_of_openssl_1_1_1_is_decrypted() -> None:
    folder = vectors("openssl-cms")
    pem = folder / "smime-certs" / "smec3.pem"
    layer = find_layer(parse_message((folder / "80-test_cms_data" / "ciphertext_from_1_1_1.cms").read_bytes()))
    assert isinstance(layer, EncryptedLayer)
    opened, expected = open_layer(layer, identity(pem, pem)), (folder / "smcont.txt").read_bytes()
    assert opened.split() == expected.split()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("80-test_cms_data/rsa-malformed.der", UnsupportedAlgorithm),
        ("80-test_cms_data/dh-malformed.der", NoMatchingRecipient),
        ("80-test_cms_data/ecdh-malformed.der", MalformedMessage),
        ("80-test_cms_data/pkcs7-md4-encrypted.pem", MalformedMessage),
        ("cms-msg/enveloped-content-type-for-aes-gcm.pem", MalformedMessage),
        ("cms-msg/missing-kdf.der", NoMatchingRecipient),
    ],
)
def test_messages_that_openssl_refuses_are_refused(name: str, expected: type[SmimeError]) -> None:
    folder = vectors("openssl-cms")
    data = folder / "80-test_cms_data"
    rsa = folder / "smime-certs" / "smrsa3.pem"
    readers = identity(rsa, rsa), identity(data / "ecdh-cert.pem", data / "ecdh-key.pem")
    with pytest.raises(expected):
        decrypt(bytes(unarmor((folder / name).read_bytes())), *readers, passwords=[b"secret"], policy=Policy.ARCHIVE)


@pytest.mark.parametrize("form", ["seed", "expanded", "both"])
def test_rfc_9936s_example_opens_with_each_form_of_the_key(form: str) -> None:
    folder = vectors("pqc-lamps") / "cms-kyber" / "example"
    reader = identity(folder / "ML-KEM-512.pem", folder / f"ML-KEM-512-{form}.priv")
    assert (
        open_file(folder / "ML-KEM-512.cms", reader, policy=Policy.RECEIVE) == (folder / "plaintext.txt").read_bytes()
    )


def kemri_files() -> list[Path]:
    try:
        return sorted(vectors("pqc-hackathon").rglob("*_kemri_*.der"))
    except pytest.skip.Exception:
        return []


@pytest.mark.parametrize("file", kemri_files(), ids=lambda file: f"{file.parts[-3]}-{file.stem}")
def test_the_ml_kem_messages_of_the_hackathon_open(file: Path) -> None:
    name = file.name.partition("_")[0]
    reader = identity(file.with_name(f"{name}_ee.der"), file.with_name(f"{name}_priv.der"))
    if file.parts[-3] == "cht" and "_kemri_auth_" in file.name:
        # This producer wrote a KeyTransRecipientInfo with the KEM's OID, which RFC 9629 section 3 does not have.
        with pytest.raises(UnsupportedAlgorithm):
            open_file(file, reader)
        return
    assert open_file(file, reader, policy=Policy.RECEIVE) == (file.parent / "expected_plaintext.txt").read_bytes()


def test_the_samples_of_libksba_are_described() -> None:
    folder = vectors("libksba")
    # The private keys of the samples are not published.
    (ecdh,) = parse((folder / "ecdh-sample1.p7m").read_bytes()).recipients
    assert recipient_algorithm(ecdh) == "ECDH with SHA-256, AES-128 key wrap"
    (rsa,) = parse(bytes(unarmor((folder / "rsa-sample1.p7m").read_bytes()))).recipients
    assert recipient_algorithm(rsa) == "RSA PKCS#1 v1.5"


@pytest.mark.parametrize("number", [2, 5, 8])
def test_messages_of_go_are_decrypted(number: int) -> None:
    folder = vectors("pkcs7-go")
    cms, certificate, key = (next(folder.glob(f"decrypt_{number + step:02}_*")) for step in range(3))
    assert open_file(cms, identity(certificate, key)) == b"This is a test"


def test_go_wrote_oaep_with_a_hash_and_used_another_for_mgf1() -> None:
    # The message's parameters omit the hash of MGF1, which means SHA-1 (RFC 4055 section 4.1), but Go used SHA-256.
    folder = vectors("pkcs7-go")
    cms, certificate, key = (next(folder.glob(f"decrypt_{11 + step}_*")) for step in range(3))
    with pytest.raises(DecryptionError):
        open_file(cms, identity(certificate, key))


@pytest.mark.parametrize("name", ["enveloped-triple-des.pem", "enveloped-rsa-oaep.pem"])
def test_messages_of_pyca_are_decrypted(name: str) -> None:
    folder = vectors("pkcs7-pyca")
    reader = identity(folder / "rsa_ca.pem", folder / "rsa_key.pem")
    assert open_file(folder / name, reader).lower().strip() == b"hello, world!"


def test_pycas_envelope_without_content_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="never detached"):
        parse((vectors("pkcs7-pyca") / "enveloped-no-content.der").read_bytes())
