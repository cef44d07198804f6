"""ML-KEM and ML-DSA keys in their three stored forms, against the examples of their RFCs and of the IETF hackathon."""

from __future__ import annotations

import asyncio
import base64
import re
from pathlib import Path

import pytest

from smime_core.algorithms import PURE_SCHEME_HASHES, SignatureAlgorithm, SignatureScheme
from smime_core.asn1 import der
from smime_core.errors import DecryptionError, MalformedMessage, ProviderError, SignatureMismatch, UnsupportedAlgorithm
from smime_core.keys import (
    parse_private_key,
    parse_public_key,
    public_key_of,
    read_expanded_private,
    read_lattice_private,
)
from smime_core.provider import KeyType, NewKey
from smime_core.providers import python_ml_kem
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import parse_certificate
from tests.support.lost_seeds import expanded_only
from tests.support.vectors import vectors

PROVIDER = NativeProvider()
LAMPS = vectors("pqc-lamps")
HACKATHON = vectors("pqc-hackathon")
FOLDERS = (LAMPS / "dilithium-certificates" / "examples", LAMPS / "kyber-certificates" / "example")
PRIVATE_FILES = [path for folder in FOLDERS for path in sorted(folder.glob("ML-*.priv"))]
BAD_FILES = [path for folder in FOLDERS for path in sorted(folder.glob("bad-*.priv"))]
HACKATHON_KEYS = sorted(HACKATHON.glob("*/artifacts_certs_r5/ml-*_priv.der"))
KEM_ANSWERS = sorted(HACKATHON.glob("*/artifacts_certs_r5/ml-kem-*_ss.bin"))
ANCHORS = sorted(HACKATHON.glob("*/artifacts_certs_r5/ml-dsa-*_ta.der"))
FORMS = ("seed", "expandedkey", "both")
ML_DSA_44 = SignatureAlgorithm(
    scheme=SignatureScheme.ML_DSA_44, hash_name=PURE_SCHEME_HASHES[SignatureScheme.ML_DSA_44]
)
run = asyncio.run


def octets_of(path: Path) -> bytes:
    """The DER in a PEM file, which may begin with other text."""
    text = path.read_text()
    match = re.search(r"-----BEGIN [A-Z ]+-----([^-]*)-----END", text)
    assert match is not None
    return base64.b64decode(match[1])


def name_of(path: Path) -> str:
    return f"{path.parent.parent.name} {path.stem}"


@pytest.mark.parametrize("path", PRIVATE_FILES, ids=name_of)
def test_every_stored_form_gives_the_public_key(path: Path) -> None:
    public_file = path.with_name(re.sub(r"(-seed|-expanded|-both)?\.priv$", ".pub", path.name))
    public_key = parse_public_key(octets_of(public_file))
    key = parse_private_key(octets_of(path))
    assert public_key_of(key).spki_der == public_key.spki_der == octets_of(public_file)
    assert (key.key_type, key.bits) == (public_key.key_type, public_key.bits)


def test_the_seed_is_kept_where_there_is_one() -> None:
    forms = {path.stem.rpartition("-")[2]: parse_private_key(octets_of(path)) for path in PRIVATE_FILES[:3]}
    assert set(forms) == {"both", "expanded", "seed"}
    assert forms["both"].pkcs8_der == forms["seed"].pkcs8_der
    assert read_lattice_private(forms["expanded"]).seed is None
    assert read_expanded_private(forms["seed"]) == read_lattice_private(forms["expanded"]).expanded


@pytest.mark.parametrize("path", BAD_FILES, ids=name_of)
def test_damaged_private_keys_are_refused(path: Path) -> None:
    with pytest.raises(MalformedMessage):
        parse_private_key(octets_of(path))


@pytest.mark.parametrize("kind", [kind for kind in NewKey if kind.startswith("ml-")])
def test_a_seed_beside_another_keys_expanded_form_is_refused(kind: NewKey) -> None:
    first, other = (run(PROVIDER.generate_key(kind)) for _ in range(2))
    seed = read_lattice_private(first).seed
    assert seed is not None
    version, identifier, _ = (bytes(child.encoded) for child in der.read_sequence(first.pkcs8_der))
    for key, is_first in ((first, True), (other, False)):
        both = der.sequence(der.octet_string(seed), der.octet_string(read_expanded_private(key)))
        pkcs8_der = der.sequence(version, identifier, der.octet_string(both))
        if is_first:
            assert parse_private_key(pkcs8_der).pkcs8_der == first.pkcs8_der
        else:
            with pytest.raises(MalformedMessage, match="two keys"):
                parse_private_key(pkcs8_der)


@pytest.mark.parametrize("kind", [kind for kind in NewKey if kind.startswith("ml-")])
@pytest.mark.parametrize("length", [0, 31, 33, 63, 65])
def test_a_seed_of_a_wrong_length_is_refused(kind: NewKey, length: int) -> None:
    version, identifier, _ = (
        bytes(child.encoded) for child in der.read_sequence(run(PROVIDER.generate_key(kind)).pkcs8_der)
    )
    with pytest.raises(MalformedMessage, match=f"seed of {length} bytes"):
        parse_private_key(der.sequence(version, identifier, der.octet_string(der.element(0x80, bytes(length)))))


def test_both_forms_are_two_fields() -> None:
    version, identifier, _ = (
        bytes(child.encoded) for child in der.read_sequence(run(PROVIDER.generate_key(NewKey.ML_DSA_44)).pkcs8_der)
    )
    for count in (0, 1, 3):
        fields = der.sequence(*[der.octet_string(bytes(32))] * count)
        with pytest.raises(MalformedMessage, match=f"{count} fields, expected seed and expandedKey"):
            parse_private_key(der.sequence(version, identifier, der.octet_string(fields)))


@pytest.mark.parametrize("path", HACKATHON_KEYS, ids=name_of)
def test_keys_of_other_libraries_are_read(path: Path) -> None:
    key = parse_private_key(path.read_bytes())
    seed_file = path.with_name(re.sub(r"_(seed|expandedkey|both)_priv", "_seed_priv", path.name))
    assert public_key_of(key).spki_der == public_key_of(parse_private_key(seed_file.read_bytes())).spki_der


@pytest.mark.parametrize("path", KEM_ANSWERS, ids=name_of)
def test_decapsulation_gives_the_answer_of_other_libraries(path: Path) -> None:
    ciphertext = path.with_name(path.name.replace("_ss.bin", "_ciphertext.bin")).read_bytes()
    for form in FORMS:
        key = parse_private_key(path.with_name(path.name.replace("_ss.bin", f"_{form}_priv.der")).read_bytes())
        assert run(PROVIDER.decapsulate(key, ciphertext)) == path.read_bytes()
        assert python_ml_kem.decapsulate(key, ciphertext) == path.read_bytes()


@pytest.mark.parametrize("path", ANCHORS, ids=name_of)
def test_certificates_signed_by_ml_dsa_verify(path: Path) -> None:
    certificate = parse_certificate(path.read_bytes())
    scheme = SignatureScheme(certificate.public_key.key_type.value)
    algorithm = SignatureAlgorithm(scheme=scheme, hash_name=PURE_SCHEME_HASHES[scheme])
    run(PROVIDER.verify(certificate.public_key, algorithm, certificate.signature, certificate.tbs_der))
    with pytest.raises(SignatureMismatch):
        run(PROVIDER.verify(certificate.public_key, algorithm, certificate.signature, certificate.tbs_der + b"\0"))


def test_a_certificate_of_an_unknown_kind_of_key_verifies_nothing_and_hides_nothing() -> None:
    path = next(iter(sorted(HACKATHON.glob("*/artifacts_certs_r5/slh-dsa-*_ta.der"))))
    certificate = parse_certificate(path.read_bytes())
    assert certificate.public_key.key_type is KeyType.UNKNOWN
    with pytest.raises(UnsupportedAlgorithm, match="public key: 2"):
        run(PROVIDER.verify(certificate.public_key, ML_DSA_44, certificate.signature, certificate.tbs_der))
    for coroutine in (PROVIDER.encapsulate(certificate.public_key), PROVIDER.agree_ephemeral(certificate.public_key)):
        with pytest.raises(ProviderError):
            run(coroutine)


@pytest.mark.parametrize("kind", [NewKey.ML_DSA_44, NewKey.ML_DSA_65, NewKey.ML_DSA_87])
def test_a_key_whose_seed_is_lost_signs_and_decapsulates_still(kind: NewKey) -> None:
    key = run(PROVIDER.generate_key(kind))
    scheme = SignatureScheme(key.key_type.value)
    algorithm = SignatureAlgorithm(scheme=scheme, hash_name=PURE_SCHEME_HASHES[scheme])
    signature = run(PROVIDER.sign(expanded_only(key), algorithm, b"content"))
    run(PROVIDER.verify(public_key_of(key), algorithm, signature, b"content"))


@pytest.mark.parametrize("kind", [NewKey.ML_KEM_512, NewKey.ML_KEM_768, NewKey.ML_KEM_1024])
def test_a_wrong_ciphertext_gives_another_secret_and_no_error(kind: NewKey) -> None:
    """MUSTS 29: implicit rejection, the same for the library and for Python."""
    key = run(PROVIDER.generate_key(kind))
    ciphertext, secret = run(PROVIDER.encapsulate(public_key_of(key)))
    lost = expanded_only(key)
    assert run(PROVIDER.decapsulate(key, ciphertext)) == run(PROVIDER.decapsulate(lost, ciphertext)) == secret
    altered = bytes((ciphertext[0] ^ 1,)) + ciphertext[1:]
    rejected = run(PROVIDER.decapsulate(key, altered))
    assert rejected != secret
    assert rejected == run(PROVIDER.decapsulate(lost, altered))


@pytest.mark.parametrize("kind", [NewKey.ML_KEM_512, NewKey.ML_KEM_768])
def test_a_ciphertext_of_another_length_is_refused(kind: NewKey) -> None:
    key = run(PROVIDER.generate_key(kind))
    ciphertext, _ = run(PROVIDER.encapsulate(public_key_of(key)))
    for bad in (ciphertext[:-1], ciphertext + b"\0", b""):
        for private_key in (key, expanded_only(key)):
            with pytest.raises(DecryptionError):
                run(PROVIDER.decapsulate(private_key, bad))


def test_python_encapsulates_for_the_library() -> None:
    for kind in (NewKey.ML_KEM_768, NewKey.ML_KEM_1024):
        key = run(PROVIDER.generate_key(kind))
        ciphertext, secret = python_ml_kem.encapsulate(public_key_of(key))
        assert run(PROVIDER.decapsulate(key, ciphertext)) == secret


def test_a_public_key_with_a_coefficient_beyond_the_modulus_is_refused() -> None:
    # FIPS 203 section 7.2. ML-KEM-512 is computed in Python.
    key = public_key_of(run(PROVIDER.generate_key(NewKey.ML_KEM_512)))
    start = len(key.spki_der) - 800
    altered = parse_public_key(key.spki_der[:start] + b"\xff\xff" + key.spki_der[start + 2 :])
    with pytest.raises(ProviderError, match="damaged"):
        run(PROVIDER.encapsulate(altered))


def test_other_keys_have_nothing_to_encapsulate() -> None:
    key = run(PROVIDER.generate_key(NewKey.P256))
    with pytest.raises(ProviderError, match="not an ML-KEM key"):
        run(PROVIDER.encapsulate(public_key_of(key)))
    with pytest.raises(ProviderError, match="not an ML-KEM key"):
        run(PROVIDER.decapsulate(key, b""))
