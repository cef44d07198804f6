"""Encrypted structures and `openssl cms`: each side decrypts the messages of the other."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
from asn1crypto import pem

from smime_core.algorithms import (
    AES_128_CBC,
    AES_192_CBC,
    AES_256_CBC,
    AES_256_GCM,
    ContentCipher,
    HashName,
    KeyTransport,
    TransportScheme,
)
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.content_info import ID_DATA, parse_content_info
from smime_core.cms.digested_data import build_digested_data, check_digested_data, parse_digested_data
from smime_core.cms.encrypted_data import build_encrypted_data, decrypt_encrypted_data, parse_encrypted_data
from smime_core.cms.enveloped_data import build_enveloped_data
from smime_core.cms.later_recipients import add_recipients
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kekri import KeyEncryptionKey
from smime_core.cms.recipients.keys import Keys
from smime_core.errors import AlgorithmForbidden, DecryptionError, WrongPassphrase
from smime_core.identity.identity import Identity
from smime_core.keys import parse_private_key
from smime_core.policy import Policy
from smime_core.provider import NewKey
from smime_core.x509.certificate import parse_certificate
from tests.support.envelopes import CONTENT, decrypt, parse
from tests.support.people import PROVIDER, person

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")

KEYS: Final = {"rsa": NewKey.RSA_2048, "p256": NewKey.P256, "p384": NewKey.P384, "p521": NewKey.P521}
LEGACY: Final = ("-provider", "legacy", "-provider", "default")
RSA: Final = person("alice", NewKey.RSA_2048)
KEK: Final = KeyEncryptionKey(identifier=bytes.fromhex("c0ffee"), key=bytes(range(32)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the file `plain`, and with NAME.pem and NAME.key for each NAME in KEYS."""
    place = tmp_path_factory.mktemp("openssl")
    (place / "plain").write_bytes(CONTENT)
    for name, key in KEYS.items():
        identity = person("alice", key)
        (place / f"{name}.pem").write_bytes(pem.armor("CERTIFICATE", identity.certificate.der))
        (place / f"{name}.key").write_bytes(pem.armor("PRIVATE KEY", identity.private_key.pkcs8_der))
    return place


def openssl(folder: Path, *arguments: str, data: bytes | None = None) -> bytes:
    done = subprocess.run(["openssl", *arguments], cwd=folder, input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def encrypt_by_openssl(folder: Path, *options: str) -> bytes:
    return openssl(folder, "cms", "-encrypt", "-in", "plain", "-binary", "-outform", "DER", *options)


def decrypt_by_openssl(folder: Path, cms: bytes, *options: str) -> bytes:
    return openssl(folder, "cms", "-decrypt", "-inform", "DER", "-binary", *options, data=cms)


def encrypt(
    *names: str,
    cipher: ContentCipher = AES_256_CBC,
    transport: KeyTransport | None = None,
    passwords: tuple[bytes, ...] = (),
    keks: tuple[KeyEncryptionKey, ...] = (),
) -> bytes:
    built = build_enveloped_data(
        CONTENT,
        Encrypting(
            recipients=[person("alice", KEYS[name]).certificate for name in names],
            passwords=passwords,
            keks=keks,
            cipher=cipher,
            transport=transport,
        ),
        content_type=ID_DATA,
        provider=PROVIDER,
    )
    return run(built)


@pytest.mark.parametrize("options", [(), ("-keyid",), ("-stream",)], ids=["plain", "keyid", "stream"])
@pytest.mark.parametrize("cipher", ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "aes-128-gcm", "aes-256-gcm"])
@pytest.mark.parametrize("name", list(KEYS))
def test_we_open_what_openssl_encrypts(folder: Path, name: str, cipher: str, options: tuple[str, ...]) -> None:
    encrypted = encrypt_by_openssl(folder, f"-{cipher}", *options, "-recip", f"{name}.pem")
    assert decrypt(encrypted, person("alice", KEYS[name])) == CONTENT


@pytest.mark.parametrize("digest", ["sha1", "sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("mgf", ["sha1", "sha256"])
def test_must_24_we_open_oaep_with_the_hashes_of_openssl(folder: Path, digest: str, mgf: str) -> None:
    options = ["rsa_padding_mode:oaep", f"rsa_oaep_md:{digest}", f"rsa_mgf1_md:{mgf}"]
    keyopts = [part for option in options for part in ("-keyopt", option)]
    encrypted = encrypt_by_openssl(folder, "-aes-256-cbc", "-recip", "rsa.pem", *keyopts)
    assert decrypt(encrypted, RSA) == CONTENT


@pytest.mark.parametrize("hash_name", [HashName.SHA1, HashName.SHA256, HashName.SHA384, HashName.SHA512])
def test_must_24_openssl_opens_oaep_with_our_hashes(folder: Path, hash_name: HashName) -> None:
    transport = KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=hash_name, mgf_hash=hash_name)
    encrypted = encrypt("rsa", transport=transport)
    assert decrypt_by_openssl(folder, encrypted, "-recip", "rsa.pem", "-inkey", "rsa.key") == CONTENT


@pytest.mark.parametrize("cipher", [AES_128_CBC, AES_192_CBC, AES_256_CBC, AES_256_GCM], ids=lambda c: c.name)
@pytest.mark.parametrize("name", list(KEYS))
def test_openssl_opens_what_we_encrypt(folder: Path, name: str, cipher: ContentCipher) -> None:
    encrypted = encrypt(*KEYS, cipher=cipher)
    assert decrypt_by_openssl(folder, encrypted, "-recip", f"{name}.pem", "-inkey", f"{name}.key") == CONTENT


@pytest.mark.parametrize("mode", ["0", "1"], ids=["standard", "cofactor"])
@pytest.mark.parametrize("digest", ["sha1", "sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("wrap", ["aes128-wrap", "aes256-wrap"])
def test_must_27_we_open_every_agreement_of_openssl(folder: Path, mode: str, digest: str, wrap: str) -> None:
    keyopts = ["-keyopt", f"ecdh_kdf_md:{digest}", "-keyopt", f"ecdh_cofactor_mode:{mode}"]
    encrypted = encrypt_by_openssl(folder, "-aes-256-cbc", "-recip", "p256.pem", *keyopts, f"-{wrap}")
    assert decrypt(encrypted, person("alice", NewKey.P256)) == CONTENT


@pytest.mark.parametrize("curve", ["brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"])
def test_we_open_what_is_encrypted_on_a_brainpool_curve(folder: Path, curve: str) -> None:
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-nodes",
            "-subj", "/CN=Brainpool", "-keyout", "brain.key", "-out", "brain.pem", "-days", "2")  # fmt: skip
    key = openssl(folder, "pkcs8", "-topk8", "-nocrypt", "-in", "brain.key", "-outform", "DER")
    certificate = parse_certificate((folder / "brain.pem").read_bytes())
    identity = Identity(certificate=certificate, private_key=parse_private_key(key))
    assert decrypt(encrypt_by_openssl(folder, "-aes-256-cbc", "-recip", "brain.pem"), identity) == CONTENT


@pytest.mark.parametrize(
    ("cipher", "options"),
    [
        ("des3", ()),
        ("des-cbc", LEGACY),
        ("rc2-40-cbc", LEGACY),
        ("rc2-64-cbc", LEGACY),
        ("rc2-cbc", LEGACY),
    ],
)
@pytest.mark.parametrize("name", ["rsa", "password"])
def test_weak_ciphers_open_from_the_archive_alone(
    folder: Path, name: str, cipher: str, options: tuple[str, ...]
) -> None:
    whom = ("-recip", "rsa.pem") if name == "rsa" else ("-pwri_password", "secret")
    encrypted = encrypt_by_openssl(folder, f"-{cipher}", *options, *whom)
    people, passwords = ([RSA], []) if name == "rsa" else ([], [b"secret"])
    assert decrypt(encrypted, *people, passwords=passwords, policy=Policy.ARCHIVE) == CONTENT
    with pytest.raises(AlgorithmForbidden):
        decrypt(encrypted, *people, passwords=passwords)


def test_we_open_a_triple_des_key_wrap(folder: Path) -> None:
    encrypted = encrypt_by_openssl(folder, "-des3", "-recip", "p256.pem", "-des3-wrap")
    assert decrypt(encrypted, person("alice", NewKey.P256), policy=Policy.ARCHIVE) == CONTENT
    assert parse(encrypted).recipients[0].kind == "kari"


@pytest.mark.parametrize("cipher", ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc"])
def test_must_30_we_open_what_openssl_encrypts_under_a_password(folder: Path, cipher: str) -> None:
    encrypted = encrypt_by_openssl(folder, f"-{cipher}", "-pwri_password", "secret")
    assert decrypt(encrypted, passwords=[b"secret"]) == CONTENT
    with pytest.raises(WrongPassphrase):
        decrypt(encrypted, passwords=[b"Secret"])


@pytest.mark.parametrize("cipher", [AES_128_CBC, AES_192_CBC, AES_256_CBC, AES_256_GCM], ids=lambda c: c.name)
def test_must_30_openssl_opens_what_we_encrypt_under_a_password(folder: Path, cipher: ContentCipher) -> None:
    assert (
        decrypt_by_openssl(folder, encrypt(passwords=(b"secret",), cipher=cipher), "-pwri_password", "secret")
        == CONTENT
    )


@pytest.mark.parametrize("length", [16, 24, 32])
def test_a_shared_key_opens_both_ways(folder: Path, length: int) -> None:
    kek = KeyEncryptionKey(identifier=KEK.identifier, key=KEK.key[:length])
    named = ["-secretkey", kek.key.hex(), "-secretkeyid", kek.identifier.hex()]
    assert decrypt(encrypt_by_openssl(folder, "-aes-128-cbc", *named), keks=[kek]) == CONTENT
    assert decrypt_by_openssl(folder, encrypt(keks=(kek,), cipher=AES_128_CBC), *named) == CONTENT


@pytest.mark.parametrize(("name", "cipher"), [("aes-128-cbc", AES_128_CBC), ("aes-256-cbc", AES_256_CBC)])
def test_encrypted_data_opens_both_ways(folder: Path, name: str, cipher: ContentCipher) -> None:
    key = KEK.key[: cipher.key_length]
    theirs = openssl(folder, "cms", "-EncryptedData_encrypt", f"-{name}", "-secretkey", key.hex(),
                     "-in", "plain", "-binary", "-outform", "DER")  # fmt: skip
    encrypted = parse_encrypted_data(parse_content_info(theirs).content)
    assert run(decrypt_encrypted_data(encrypted, key, provider=PROVIDER)) == CONTENT
    # Under a wrong key one message in 256 ends like valid padding.
    with contextlib.suppress(DecryptionError):
        assert run(decrypt_encrypted_data(encrypted, key[::-1], provider=PROVIDER)) != CONTENT
    ours = run(build_encrypted_data(CONTENT, key, content_type=ID_DATA, cipher=cipher, provider=PROVIDER))
    opened = openssl(folder, "cms", "-EncryptedData_decrypt", "-inform", "DER", "-binary", "-secretkey", key.hex(),
                     data=ours)  # fmt: skip
    assert opened == CONTENT


@pytest.mark.parametrize("hash_name", [HashName.SHA1, HashName.SHA256, HashName.SHA512])
def test_digested_data_is_read_both_ways(folder: Path, hash_name: HashName) -> None:
    theirs = openssl(folder, "cms", "-digest_create", "-md", hash_name, "-in", "plain", "-binary",
                     "-outform", "DER")  # fmt: skip
    digested = parse_digested_data(parse_content_info(theirs).content)
    assert digested.hash_name is hash_name
    assert run(check_digested_data(digested, provider=PROVIDER)) == CONTENT
    ours = run(build_digested_data(CONTENT, content_type=ID_DATA, provider=PROVIDER, hash_name=hash_name))
    assert openssl(folder, "cms", "-digest_verify", "-inform", "DER", "-binary", data=ours) == CONTENT


@pytest.mark.parametrize("cipher", ["aes-256-cbc", "aes-256-gcm"])
@pytest.mark.parametrize("options", [(), ("-stream",)], ids=["definite", "indefinite"])
def test_openssl_opens_what_it_encrypted_after_we_added_somebody(
    folder: Path, cipher: str, options: tuple[str, ...]
) -> None:
    encrypted = encrypt_by_openssl(folder, f"-{cipher}", *options, "-recip", "rsa.pem")
    added = run(
        add_recipients(
            encrypted,
            Keys(identities=[RSA]),
            Encrypting(recipients=[person("alice", NewKey.P256).certificate], keks=[KEK]),
            provider=PROVIDER,
        )
    )
    for name in ("rsa", "p256"):
        assert decrypt_by_openssl(folder, added, "-recip", f"{name}.pem", "-inkey", f"{name}.key") == CONTENT
    assert decrypt(added, keks=[KEK]) == CONTENT
    assert len(der.read_children(der.read_children(parse_content_info(added).content)[1])) == 3
