"""Structures other than SignedData and EnvelopedData, and changes that one program makes to a structure of another."""

from __future__ import annotations

import datetime
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from smime_core.algorithms import AES_128_CBC, AES_192_CBC, AES_256_CBC, AES_256_GCM, ContentCipher, HashName
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.authenticated_data import parse_authenticated_data, verify_authenticated_data
from smime_core.cms.certificates_only import build_certificates_only, parse_certificates_only
from smime_core.cms.compressed_data import build_compressed_data, decompress, parse_compressed_data
from smime_core.cms.content_info import ID_DATA, parse_content_info
from smime_core.cms.countersignature import find_countersignatures, verify_countersignature
from smime_core.cms.digested_data import build_digested_data, check_digested_data, parse_digested_data
from smime_core.cms.encrypted_data import build_encrypted_data, decrypt_encrypted_data, parse_encrypted_data
from smime_core.cms.enveloped_data import parse_enveloped_data, use_content_key
from smime_core.cms.later_recipients import add_recipients
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signed_data import build_signed_data, find_certificate, parse_signed_data
from smime_core.cms.signed_data_editing import add_countersignature, add_signer
from smime_core.cms.signer_info import SignerInfo
from smime_core.cms.signing import Signing
from smime_core.errors import DecryptionError, MessageDigestMismatch, SignatureMismatch
from smime_core.report.report import State
from smime_core.x509.certificate import Certificate
from tests.support.peers import ours
from tests.support.peers.bouncy_castle import BouncyCastle
from tests.support.peers.nss import Nss
from tests.support.peers.openssl import OpenSsl
from tests.support.peers.peer import Peer, Refused
from tests.support.peers.people import PROVIDER, authority, certificate, identity
from tests.support.peers.rows import EncryptingRow, SigningRow

CONTENT = b"Content-Type: text/plain\r\n\r\nhello across the fence\r\n"
CIPHERS = pytest.mark.parametrize("cipher", [AES_128_CBC, AES_192_CBC, AES_256_CBC], ids=lambda cipher: cipher.name)
HMAC_SHA1, HMAC_SHA256 = "1.3.6.1.5.5.8.1.2", "1.2.840.113549.2.9"

StartPeer = Callable[[str], Peer]
P = TypeVar("P", OpenSsl, BouncyCastle, Nss)


def start(start_peer: StartPeer, name: str, kind: type[P]) -> P:
    peer = start_peer(name)
    assert isinstance(peer, kind)
    return peer


@pytest.fixture
def openssl(start_peer: StartPeer) -> OpenSsl:
    return start(start_peer, "openssl", OpenSsl)


@pytest.fixture
def bouncy_castle(start_peer: StartPeer) -> BouncyCastle:
    return start(start_peer, "bouncy-castle", BouncyCastle)


@pytest.fixture
def nss(start_peer: StartPeer) -> Nss:
    return start(start_peer, "nss", Nss)


def altered(cms: bytes) -> bytes:
    assert b"hello" in cms
    return cms.replace(b"hello", b"HELLO")


def open_encrypted(cms: bytes, key: bytes) -> bytes:
    return run(decrypt_encrypted_data(parse_encrypted_data(parse_content_info(cms).content), key, provider=PROVIDER))


@CIPHERS
def test_openssl_opens_our_encrypted_data_and_we_open_its(openssl: OpenSsl, cipher: ContentCipher) -> None:
    key = PROVIDER.random_bytes(cipher.key_length)
    made = run(build_encrypted_data(CONTENT, key, content_type=ID_DATA, cipher=cipher, provider=PROVIDER))
    options = ("-binary", "-secretkey", key.hex())
    assert openssl.run("-EncryptedData_decrypt", "-inform", "DER", *options, data=made) == CONTENT
    option = f"-{cipher.name.lower()}"
    theirs = openssl.run("-EncryptedData_encrypt", "-outform", "DER", option, *options, data=CONTENT)
    assert open_encrypted(theirs, key) == CONTENT


@CIPHERS
def test_bouncy_castle_opens_our_encrypted_data_and_we_open_its(
    bouncy_castle: BouncyCastle, cipher: ContentCipher
) -> None:
    key = PROVIDER.random_bytes(cipher.key_length)
    made = run(build_encrypted_data(CONTENT, key, content_type=ID_DATA, cipher=cipher, provider=PROVIDER))
    assert bouncy_castle.ask("decrypt", made, key=key.hex()) == [CONTENT]
    theirs, their_key = bouncy_castle.ask("encrypt", CONTENT, cipher=cipher.oid, bits=str(cipher.key_length * 8))
    assert open_encrypted(theirs, their_key) == CONTENT


def test_nss_opens_our_encrypted_data_and_we_open_its(nss: Nss, tmp_path: Path) -> None:
    """cmsutil takes the key for EncryptedData from an EnvelopedData that it can decrypt."""
    envelope = tmp_path / "envelope"
    envelope.write_bytes(nss.encrypt(CONTENT, EncryptingRow(name="AES-128-CBC", cipher=AES_128_CBC)))
    key = content_key(envelope.read_bytes())
    made = run(build_encrypted_data(CONTENT, key, content_type=ID_DATA, cipher=AES_128_CBC, provider=PROVIDER))
    assert nss.cmsutil("-D", "-e", str(envelope), data=made) == CONTENT
    assert open_encrypted(nss.cmsutil("-C", "-e", str(envelope), data=CONTENT), key) == CONTENT


def content_key(envelope: bytes) -> bytes:
    async def keep(cek: bytes) -> bytes:
        return cek

    info = parse_content_info(envelope)
    enveloped = parse_enveloped_data(info.content, content_type=info.content_type)
    return run(use_content_key(enveloped, keep, Keys(identities=[identity("rsa")]), provider=PROVIDER)).content


@pytest.mark.parametrize("hash_name", [HashName.SHA256, HashName.SHA384, HashName.SHA512])
def test_openssl_and_bouncy_castle_check_our_digested_data(
    openssl: OpenSsl, bouncy_castle: BouncyCastle, hash_name: HashName
) -> None:
    made = run(build_digested_data(CONTENT, content_type=ID_DATA, provider=PROVIDER, hash_name=hash_name))
    assert openssl.run("-digest_verify", "-inform", "DER", "-binary", data=made) == CONTENT
    assert bouncy_castle.ask("undigest", made) == [CONTENT]
    with pytest.raises(Refused):
        openssl.run("-digest_verify", "-inform", "DER", "-binary", data=altered(made))
    with pytest.raises(Refused):
        bouncy_castle.ask("undigest", altered(made))


def test_we_check_openssls_digested_data(openssl: OpenSsl) -> None:
    theirs = openssl.run("-digest_create", "-md", "sha256", "-outform", "DER", "-binary", data=CONTENT)
    assert bytes(run(check_digested_data(parse_digested_data(content_of(theirs)), provider=PROVIDER))) == CONTENT
    with pytest.raises(MessageDigestMismatch):
        run(check_digested_data(parse_digested_data(content_of(altered(theirs))), provider=PROVIDER))


def content_of(cms: bytes) -> der.Tlv:
    return parse_content_info(cms).content


def test_bouncy_castle_decompresses_what_we_compress_and_we_its(bouncy_castle: BouncyCastle) -> None:
    assert bouncy_castle.ask("uncompress", build_compressed_data(CONTENT * 100, content_type=ID_DATA)) == [
        CONTENT * 100
    ]
    (theirs,) = bouncy_castle.ask("compress", CONTENT * 100)
    assert decompress(parse_compressed_data(content_of(theirs))) == CONTENT * 100


def test_openssl_decompresses_what_we_compress_and_we_its(openssl: OpenSsl) -> None:
    try:
        theirs = openssl.run("-compress", "-outform", "DER", "-binary", data=CONTENT * 100)
    except Refused:
        pytest.skip("this openssl is built without zlib")
    assert decompress(parse_compressed_data(content_of(theirs))) == CONTENT * 100
    made = build_compressed_data(CONTENT * 100, content_type=ID_DATA)
    assert openssl.run("-uncompress", "-inform", "DER", "-binary", data=made) == CONTENT * 100


@pytest.mark.parametrize("mac", [HMAC_SHA1, HMAC_SHA256])
@pytest.mark.parametrize("digest", [None, "yes"], ids=["no attributes", "attributes"])
def test_we_check_bouncy_castles_authenticated_data(bouncy_castle: BouncyCastle, mac: str, digest: str | None) -> None:
    (theirs,) = bouncy_castle.ask("authenticate", CONTENT, recipients="rsa", mac=mac, digest=digest)
    assert open_authenticated(theirs) == CONTENT
    with pytest.raises((DecryptionError, MessageDigestMismatch)):
        open_authenticated(altered(theirs))


def open_authenticated(cms: bytes) -> bytes:
    authenticated = parse_authenticated_data(content_of(cms))
    opened = run(verify_authenticated_data(authenticated, Keys(identities=[identity("rsa")]), provider=PROVIDER))
    return bytes(opened.content)


@pytest.mark.parametrize("counter", ["rsa2", "p256", "ed25519"])
def test_we_verify_bouncy_castles_countersignature(bouncy_castle: BouncyCastle, counter: str) -> None:
    signed = ours.sign(CONTENT, SigningRow(name="RSA"))
    (countersigned,) = bouncy_castle.ask("countersign", signed, signers=counter)
    assert ours.verify(countersigned, None).state is State.VERIFIED
    assert countersigners(countersigned) == [certificate(counter)]


@pytest.mark.parametrize("counter", ["rsa2", "p256", "ed25519"])
def test_bouncy_castle_verifies_our_countersignature(bouncy_castle: BouncyCastle, counter: str) -> None:
    signed = bouncy_castle.sign(CONTENT, SigningRow(name="RSA"))
    countersigned = run(add_countersignature(signed, identity(counter), signing_time=ours.now(), provider=PROVIDER))
    bouncy_castle.verify(countersigned, None)
    assert bouncy_castle.ask("countersigners", countersigned) == [f"CN={counter}".encode()]
    assert countersigners(countersigned) == [certificate(counter)]


def countersigners(cms: bytes) -> list[Certificate]:
    """The certificates that belong to the countersignatures of the only signer. Each countersignature is verified."""
    signed_data = parse_signed_data(content_of(cms))
    (signer,) = signed_data.signer_infos
    assert isinstance(signer, SignerInfo)
    certificates = []
    for countersignature in find_countersignatures(signer):
        assert isinstance(countersignature.signer, SignerInfo)
        own = find_certificate(countersignature.signer.sid, signed_data.certificates)
        assert own is not None
        run(verify_countersignature(countersignature, certificate=own, provider=PROVIDER))
        certificates.append(own)
    return certificates


def test_we_refuse_a_countersignature_on_another_signature(bouncy_castle: BouncyCastle) -> None:
    (first,) = bouncy_castle.ask("countersign", ours.sign(CONTENT, SigningRow(name="RSA")), signers="p256")
    (signer,) = parse_signed_data(content_of(first)).signer_infos
    assert isinstance(signer, SignerInfo)
    position = first.index(signer.signature)
    with pytest.raises((SignatureMismatch, MessageDigestMismatch)):
        countersigners(first[:position] + bytes([first[position] ^ 1]) + first[position + 1 :])


@pytest.mark.usefixtures("openssl")
def test_bouncy_castle_and_openssl_read_our_certificates_only(bouncy_castle: BouncyCastle) -> None:
    made = build_certificates_only([certificate("rsa"), certificate("p256")])
    expected = {certificate("rsa").der, certificate("p256").der}
    assert set(bouncy_castle.ask("read-certificates", made)) == expected
    command = ["openssl", "pkcs7", "-inform", "DER", "-print_certs"]
    printed = subprocess.run(command, input=made, capture_output=True, check=True).stdout
    assert printed.count(b"BEGIN CERTIFICATE") == 2


@pytest.mark.usefixtures("openssl")
def test_we_read_certificates_only_of_peers(bouncy_castle: BouncyCastle, nss: Nss, people_folder: Path) -> None:
    expected = {certificate("rsa"), certificate("p256")}
    (theirs,) = bouncy_castle.ask("certificates", names="rsa,p256")
    assert set(parse_certificates_only(theirs).certificates) == expected
    command = ["openssl", "crl2pkcs7", "-nocrl", "-outform", "DER", "-certfile", "rsa.pem", "-certfile", "p256.pem"]
    theirs = subprocess.run(command, cwd=people_folder, capture_output=True, check=True).stdout
    assert set(parse_certificates_only(theirs).certificates) == expected
    theirs = nss.cmsutil("-O", "-r", "rsa@example.test", data=b"")
    assert certificate("rsa") in parse_certificates_only(theirs).certificates


def test_openssl_verifies_after_we_add_a_signer(openssl: OpenSsl) -> None:
    signed = openssl.sign(CONTENT, SigningRow(name="RSA"))
    both = run(add_signer(signed, Signing(identities=[identity("p256")], signing_time=ours.now()), provider=PROVIDER))
    openssl.verify(both, None)
    assert {signer.certificate for signer in ours.verify(both, None).signers} == {
        certificate("rsa"), certificate("p256")
    }  # fmt: skip


def test_we_verify_after_openssl_adds_a_signer(openssl: OpenSsl) -> None:
    signed = ours.sign(CONTENT, SigningRow(name="RSA"))
    options = ("-inform", "DER", "-outform", "DER", "-signer", "p256.pem", "-inkey", "p256.key", "-md", "sha256")
    report = ours.verify(openssl.run("-resign", *options, data=signed), None)
    assert report.state is State.VERIFIED
    assert len(report.signers) == 2


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM], ids=lambda cipher: cipher.name)
@pytest.mark.parametrize("later", ["rsa2", "p256"])
def test_openssl_opens_for_a_recipient_that_we_added(openssl: OpenSsl, cipher: ContentCipher, later: str) -> None:
    row = EncryptingRow(name="later", cipher=cipher)
    encrypted = openssl.encrypt(CONTENT, row)
    wider = run(
        add_recipients(
            encrypted,
            Keys(identities=[identity("rsa")]),
            Encrypting(recipients=[certificate(later)]),
            provider=PROVIDER,
        )
    )
    assert openssl.open(wider, row, later) == CONTENT
    assert openssl.open(wider, row, "rsa") == CONTENT


def test_openssl_finds_the_signing_certificate_that_we_name(openssl: OpenSsl) -> None:
    signed = ours.sign(CONTENT, SigningRow(name="RSA"))
    options = ("-inform", "DER", "-binary", "-CAfile", "ca.pem", "-out", "/dev/null")
    openssl.run("-verify", "-cades", *options, data=signed)


def test_we_find_the_signing_certificate_that_openssl_names(openssl: OpenSsl) -> None:
    options = ("-nodetach", "-binary", "-outform", "DER", "-signer", "rsa.pem", "-inkey", "rsa.key")
    assert ours.verify(openssl.run("-sign", "-cades", *options, data=CONTENT), None).state is State.VERIFIED


@pytest.mark.parametrize(
    ("revoked", "refusal"), [(False, None), (True, "certificate revoked")], ids=["good", "revoked"]
)
def test_openssl_judges_by_the_revocation_list_that_we_carry(
    openssl: OpenSsl, revoked: bool, refusal: str | None
) -> None:
    def sign(*crls: bytes) -> bytes:
        return run(
            build_signed_data(
                CONTENT,
                Signing(identities=[identity("rsa")], signing_time=ours.now(), crls=crls),
                content_type=ID_DATA,
                provider=PROVIDER,
            )
        )

    options = ("-inform", "DER", "-binary", "-CAfile", "ca.pem", "-crl_check", "-out", "/dev/null")
    with pytest.raises(Refused, match="unable to get certificate CRL"):
        openssl.run("-verify", *options, data=sign())
    signed = sign(revocation_list(certificate("rsa") if revoked else certificate("rsa2")))
    if refusal is None:
        openssl.run("-verify", *options, data=signed)
    else:
        with pytest.raises(Refused, match=refusal):
            openssl.run("-verify", *options, data=signed)


def revocation_list(revoked: Certificate) -> bytes:
    """The authority's CRL for an hour, with one certificate on it."""
    issuer = authority().identity
    key = serialization.load_der_private_key(issuer.private_key.pkcs8_der, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    entry = x509.RevokedCertificateBuilder(revoked.serial_number, ours.now()).build()
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=x509.load_der_x509_certificate(issuer.certificate.der).subject,
        last_update=ours.now() - datetime.timedelta(minutes=5),
        next_update=ours.now() + datetime.timedelta(hours=1),
        revoked_certificates=[entry],
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("ukm", ["00", "00112233445566778899aabbccddeeff" * 4], ids=["1 byte", "64 bytes"])
def test_we_agree_with_keying_material_of_bouncy_castle(bouncy_castle: BouncyCastle, ukm: str) -> None:
    row = EncryptingRow(name="ukm", recipients=("p256",))
    (encrypted,) = bouncy_castle.ask(
        "envelop", CONTENT, recipients="p256", cipher=row.cipher.oid, bits="256", agreement=row.agreement.oid,
        wrap=row.wrap.oid, ukm=ukm,
    )  # fmt: skip
    assert ours.decrypt(encrypted, row, "p256") == CONTENT
