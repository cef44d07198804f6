"""Private keys in files of their own, and identities in PEM: known answers of OpenSSL, our own, and damaged ones."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Final

import pytest

from smime_core import Identity
from smime_core.asn1 import der
from smime_core.asn1.pem import build_pem, find_pem_blocks
from smime_core.blocking import run
from smime_core.errors import LimitExceeded, MalformedMessage, SmimeError, UnsupportedAlgorithm, WrongPassphrase
from smime_core.identity.identity import export_identity, load_identities, load_identity
from smime_core.identity.private_key_file import export_private_key, load_private_key
from smime_core.keys import public_key_of
from smime_core.limits import MAX_FILE_VALUES, MAX_PKCS12_BYTES
from smime_core.provider import KeyType, NewKey, PrivateKey
from tests.support.people import PROVIDER, anchor, person
from tests.support.vectors import vectors

PASSPHRASE: Final = "Grüße 😀".encode()
# One P-256 key: its scalar, and its files by `openssl ec` with the option of each name and the passphrase "secret".
SCALAR: Final = "ca2658cfdf454080343846f4d8e1c7bf4a36c4f7391227616428bc199d7c9e6e"
DEK_INFO_KEYS: Final = {
    "des3": (
        "-----BEGIN EC PRIVATE KEY-----\n"
        "Proc-Type: 4,ENCRYPTED\n"
        "DEK-Info: DES-EDE3-CBC,16DA5E20B16E94ED\n"
        "\n"
        "ROB4s9v+JEUfgCaYs3jmnSjgPD7sdFtY8YCk+hmWava4dRFVtq705Pa7uarjnenR\n"
        "eBvBNvvRjSsA7Uc6ATxCfwFRf0XW8ehYXKNVzQhLwSgCwsIliXkBrbmoIp+csouW\n"
        "bFk7/sCOnfNwrKnWhYIamgJhd8Gpvh6XxCXfzJsI7EU=\n"
        "-----END EC PRIVATE KEY-----\n"
    ),
    "des": (
        "-----BEGIN EC PRIVATE KEY-----\n"
        "Proc-Type: 4,ENCRYPTED\n"
        "DEK-Info: DES-CBC,8B54549B09E5D4CB\n"
        "\n"
        "xyfH2F5/twmmjebxcEoLaJ3wZ0hkSxGhGST6UFyCyn15FXH9GTkU1kUcTm7UjQjG\n"
        "aiD9bZnWf60LwRyEqrjXmyL5PyiWnLmq6DGuugQivfGOIAJ9y9wFZ4xyfcotlqnB\n"
        "+MFhECNtg8gf6rAkbGpMMYCrogklvtlJDxT1IFK2AnE=\n"
        "-----END EC PRIVATE KEY-----\n"
    ),
    "aes128": (
        "-----BEGIN EC PRIVATE KEY-----\n"
        "Proc-Type: 4,ENCRYPTED\n"
        "DEK-Info: AES-128-CBC,315C9946F7EDA1E8A18F9EAFB68B5FEE\n"
        "\n"
        "YJDGf/Z8p2H3U77dy6BJZj099tUhfwIVPacMaYTjcX6bNGUgR3cqyJPPI7g23Fhx\n"
        "+5rChAtXBJy/56BmH7nalr+9Xv5QpwJE2jjMhPrt8uV3+pEzL83XwkZq6sCkwc3e\n"
        "XSPktD1thS5YdTFqSx8SCSj24XVmL2Qsfz/WlxM0gRs=\n"
        "-----END EC PRIVATE KEY-----\n"
    ),
    "aes192": (
        "-----BEGIN EC PRIVATE KEY-----\n"
        "Proc-Type: 4,ENCRYPTED\n"
        "DEK-Info: AES-192-CBC,D70B8318CACB7617EB08B1BE4C30FE8C\n"
        "\n"
        "UoWfi5VJTWN4w5mEp8XW83c9l2KzIAhD8M2MSBflxXQSgRmyKsizTWHWoJ94PB5D\n"
        "i4fomCwLlT6zYGk+PNohW3m1QsajMZyQTDFUxArmNUd94gwuWOo5STY9QNU2QrQd\n"
        "uwRVCfbP5WqAjIbp5H/NieEtNTXAbxUmEHGd6fDEMnU=\n"
        "-----END EC PRIVATE KEY-----\n"
    ),
    "aes256": (
        "-----BEGIN EC PRIVATE KEY-----\n"
        "Proc-Type: 4,ENCRYPTED\n"
        "DEK-Info: AES-256-CBC,ADA082DE4C4F17A3DE422E377CED0B40\n"
        "\n"
        "vcobDXDIxjrVuJzjS2SDEBc3+oHLKnQnU9b9SHQi1WKaiW0wpJp7taomUXv7IN+H\n"
        "bWU/GvKt/EKr65sNbafHI1sSZdg4y/mjQylNZrLi3YtZ4T16OPM+/1mILEgtbllh\n"
        "3Ml06l6TRT77R5yUv8LYUaQrhCBGH9tpiMBj8fAcYk0=\n"
        "-----END EC PRIVATE KEY-----\n"
    ),
}


def load(data: bytes, passphrase: bytes | None = None) -> PrivateKey:
    return run(load_private_key(data, passphrase, provider=PROVIDER))


def load_pem(data: bytes, passphrase: bytes | None = None) -> tuple[Identity, ...]:
    return run(load_identities(data, passphrase, provider=PROVIDER))


def export(key: PrivateKey, passphrase: bytes | None) -> bytes:
    return run(export_private_key(key, passphrase, provider=PROVIDER, iterations=2))


def inner_key(key: PrivateKey) -> bytes:
    """The RSAPrivateKey or ECPrivateKey inside PKCS#8."""
    return bytes(der.read_octets(der.read_sequence(key.pkcs8_der)[2]))


def sec1(key: PrivateKey) -> bytes:
    """The ECPrivateKey with its curve inside, as in a file without PKCS#8 (RFC 5915 section 3)."""
    fields = der.read_sequence(inner_key(key))
    curve = der.explicit(0, der.oid("1.2.840.10045.3.1.7"))
    return der.sequence(fields[0].encoded, fields[1].encoded, curve, fields[2].encoded)


def certificate_pem(identity: Identity) -> bytes:
    return build_pem("CERTIFICATE", identity.certificate.der)


def rsa() -> Identity:
    return person("alice")


def p256() -> Identity:
    return person("alice", NewKey.P256)


# Keys without certificates


@pytest.mark.parametrize("kind", [NewKey.RSA_2048, NewKey.P256, NewKey.ED25519, NewKey.X25519, NewKey.ML_KEM_768])
@pytest.mark.parametrize("passphrase", [None, b"", PASSPHRASE], ids=["clear", "empty", "emoji"])
def test_exported_key_comes_back(kind: NewKey, passphrase: bytes | None) -> None:
    key = run(PROVIDER.generate_key(kind))
    loaded = load(export(key, passphrase), passphrase)
    assert loaded.pkcs8_der == key.pkcs8_der
    assert loaded.key_type is key.key_type


def test_exported_key_is_in_clear_for_none_alone() -> None:
    key = p256().private_key
    assert export(key, None).startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert export(key, b"").startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")


@pytest.mark.parametrize("name", list(DEK_INFO_KEYS))
def test_old_encrypted_pem_is_read(name: str) -> None:
    key = load(DEK_INFO_KEYS[name].encode(), b"secret")
    assert SCALAR in key.pkcs8_der.hex()
    assert key.key_type is KeyType.EC


@pytest.mark.parametrize("name", list(DEK_INFO_KEYS))
@pytest.mark.parametrize("passphrase", [b"Secret", b"", None])
def test_old_encrypted_pem_with_another_passphrase_says_so(name: str, passphrase: bytes | None) -> None:
    with pytest.raises(WrongPassphrase):
        load(DEK_INFO_KEYS[name].encode(), passphrase)


@pytest.mark.parametrize("passphrase", [b"wrong", b"", None])
def test_encrypted_pkcs8_with_another_passphrase_says_so(passphrase: bytes | None) -> None:
    with pytest.raises(WrongPassphrase) as caught:
        load(export(p256().private_key, PASSPHRASE), passphrase)
    assert caught.value.__cause__ is None


def test_every_form_of_der_is_told_apart() -> None:
    for identity, traditional in ((rsa(), inner_key(rsa().private_key)), (p256(), sec1(p256().private_key))):
        assert load(identity.private_key.pkcs8_der).pkcs8_der == identity.private_key.pkcs8_der
        assert load(traditional).pkcs8_der == identity.private_key.pkcs8_der


def test_pem_without_a_key_says_so() -> None:
    with pytest.raises(MalformedMessage, match="private key"):
        load(certificate_pem(rsa()))


def test_encrypted_der_is_read() -> None:
    key = p256().private_key
    pem = export(key, PASSPHRASE)
    encrypted_der = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
    assert load(encrypted_der, PASSPHRASE).pkcs8_der == key.pkcs8_der


def test_traditional_pem_is_read() -> None:
    for label, identity, octets in (
        ("RSA PRIVATE KEY", rsa(), inner_key(rsa().private_key)),
        ("EC PRIVATE KEY", p256(), sec1(p256().private_key)),
    ):
        parameters = build_pem("EC PARAMETERS", der.oid("1.2.840.10045.3.1.7"))
        pem = b"# a comment\n" + parameters + build_pem(label, octets).replace(b"\n", b"\r\n")
        assert load(pem).pkcs8_der == identity.private_key.pkcs8_der


DSA_KEY = der.sequence(*[der.integer(0)] * 6)


@pytest.mark.parametrize(
    ("label", "octets"), [("DSA PRIVATE KEY", DSA_KEY), ("PRIVATE KEY", DSA_KEY), ("OPENSSH PRIVATE KEY", b"openssh")]
)
def test_other_kinds_of_key_are_named(label: str, octets: bytes) -> None:
    with pytest.raises(UnsupportedAlgorithm, match="OPENSSH" if label.startswith("OPENSSH") else "DSA"):
        load(build_pem(label, octets))


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"garbage",
        b"\x30\x00",
        der.sequence(der.integer(3), der.sequence()),
        der.sequence(der.octet_string(b"")),
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n",
        b"-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
        build_pem("ENCRYPTED PRIVATE KEY", der.sequence()),
        b"-----BEGIN EC PRIVATE KEY-----\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n",
    ],
)
def test_garbage_is_malformed(garbage: bytes) -> None:
    with pytest.raises(MalformedMessage):
        load(garbage, b"secret")


def test_file_beyond_the_limit_is_refused() -> None:
    for read in (load, load_pem):
        with pytest.raises(LimitExceeded, match="bytes"):
            read(bytes(MAX_PKCS12_BYTES + 1))


def test_key_never_reaches_the_repr_of_a_block() -> None:
    (block,) = find_pem_blocks(export(p256().private_key, None))
    assert "octets" not in repr(block)


# Identities in PEM


def test_keys_and_certificates_of_one_file_find_each_other() -> None:
    # Neither the order of the blocks nor the text around them matters.
    pem = (
        b"Bag Attributes\n    friendlyName: x\nKey Attributes: <No Attributes>\n"
        + build_pem("CERTIFICATE", anchor().der)
        + certificate_pem(p256())
        + export(rsa().private_key, PASSPHRASE)
        + certificate_pem(rsa())
        + build_pem("EC PRIVATE KEY", sec1(p256().private_key))
    )
    for identities in (load_pem(pem, PASSPHRASE), run(load_identities(pem, PASSPHRASE, provider=PROVIDER))):
        first, second = identities
        assert (first.certificate, second.certificate) == (rsa().certificate, p256().certificate)
        assert first.private_key.pkcs8_der == rsa().private_key.pkcs8_der
        assert first.chain == second.chain == (anchor(),)


def test_key_under_another_passphrase_does_not_hide_the_others() -> None:
    locked = export(rsa().private_key, b"other") + certificate_pem(rsa())
    readable = export(p256().private_key, None) + certificate_pem(p256())
    assert [identity.certificate for identity in load_pem(locked + readable, PASSPHRASE)] == [p256().certificate]
    with pytest.raises(WrongPassphrase):
        load_pem(locked, PASSPHRASE)
    with pytest.raises(WrongPassphrase):
        load_pem(locked)


def test_trusted_certificate_of_openssl_is_read_without_its_settings() -> None:
    trusted = build_pem("TRUSTED CERTIFICATE", p256().certificate.der + der.sequence())
    (identity,) = load_pem(export(p256().private_key, None) + trusted)
    assert identity.certificate == p256().certificate


def test_pem_without_an_identity_says_so() -> None:
    assert load_pem(certificate_pem(rsa())) == ()
    assert load_pem(export(rsa().private_key, None) + certificate_pem(p256())) == ()
    with pytest.raises(MalformedMessage, match="no private key together with its certificate"):
        run(load_identity(certificate_pem(rsa()), None, provider=PROVIDER))


def test_pem_around_a_pkcs12_file_is_read() -> None:
    p12 = run(export_identity(p256(), PASSPHRASE, provider=PROVIDER, iterations=2))
    (identity,) = run(load_identities(build_pem("PKCS12", p12), PASSPHRASE, provider=PROVIDER))
    assert identity.certificate == p256().certificate


def test_pem_in_pem_is_no_way_around_the_limits() -> None:
    inner = build_pem("PKCS12", b"-----BEGIN PKCS12-----")
    with pytest.raises(MalformedMessage):
        load_pem(inner)


def test_more_keys_than_the_limit_are_refused() -> None:
    key = export(p256().private_key, None)
    assert load_pem(key * 100) == ()
    with pytest.raises(LimitExceeded, match="private keys of a file"):
        load_pem(key * 101)
    with pytest.raises(LimitExceeded, match="private keys of a file"):
        load_pem(build_pem("DSA PRIVATE KEY", DSA_KEY) * 101)


def test_more_blocks_than_the_limit_are_refused() -> None:
    with pytest.raises(LimitExceeded, match="PEM blocks"):
        load_pem(build_pem("X", b"") * (MAX_FILE_VALUES + 1))


def test_work_on_many_encrypted_keys_is_capped_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smime_core.identity.passphrase.MAX_PASSPHRASE_WORK", 40)
    keys = [export(identity.private_key, PASSPHRASE) + certificate_pem(identity) for identity in (rsa(), p256())]
    assert len(load_pem(b"".join(keys), PASSPHRASE)) == 2
    third = person("bob")
    keys.append(export(third.private_key, PASSPHRASE) + certificate_pem(third))
    assert len(load_pem(b"".join(keys), PASSPHRASE)) == 2


@pytest.mark.parametrize("text", [b"-----BEGIN X-----\n" * 20_000, b"-----BEGIN X-----\nA:\n" + b" \n" * 500_000])
def test_hostile_text_is_read_in_time(text: bytes) -> None:
    with pytest.raises(SmimeError):
        load_pem(text)


# Vectors: pqc-lamps


def pqc_private_keys(pattern: str) -> list[Path]:
    return sorted(vectors("pqc-lamps").glob(f"*/example*/{pattern}"))


def test_post_quantum_keys_of_lamps_are_read() -> None:
    """The keys have three forms: seed, expanded key, or both (RFC 9881 section 6, RFC 9935 section 6)."""
    paths = [path for path in pqc_private_keys("ML-*.priv") if not path.name.startswith("bad")]
    assert len(paths) >= 18
    for path in paths:
        key = load(path.read_bytes())
        assert key.key_type.value == "-".join(path.stem.lower().split("-")[:3])
        again = load(export(key, PASSPHRASE), PASSPHRASE)
        assert public_key_of(again).spki_der == public_key_of(key).spki_der


@pytest.mark.parametrize("name", ["bad-ML-DSA-44-1.priv", "bad-ML-KEM-512-1.priv"])
def test_post_quantum_keys_whose_halves_differ_are_refused(name: str) -> None:
    (path,) = pqc_private_keys(name)
    with pytest.raises(MalformedMessage, match="two keys"):
        load(path.read_bytes())


def test_post_quantum_identity_in_pem_is_paired() -> None:
    folder = vectors("pqc-lamps") / "dilithium-certificates" / "examples"
    pem = (folder / "ML-DSA-44-seed.priv").read_bytes() + (folder / "ML-DSA-44.crt").read_bytes()
    (identity,) = load_pem(pem)
    assert identity.private_key.key_type is KeyType.ML_DSA_44
