"""No genuine signature is called invalid: odd keys and algorithms that openssl writes, each beside a forged twin."""

from __future__ import annotations

import functools
import hashlib
import io
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from smime_core import blocking, stream
from smime_core.algorithms import (
    CURVE_OIDS,
    EC_PUBLIC_KEY,
    Curve,
    HashName,
    SignatureAlgorithm,
    SignatureScheme,
    build_signature_identifier,
)
from smime_core.arithmetic.weierstrass import CURVE_NUMBERS, decompress_point
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.signing import Signing
from smime_core.errors import UnsupportedAlgorithm
from smime_core.identity.identity import Identity
from smime_core.keys import parse_private_key, parse_public_key
from smime_core.policy import Policy
from smime_core.provider import NewKey, PublicKey
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.report.report import MessageReport, State
from smime_core.trust.judging import Judging
from smime_core.x509.certificate import parse_certificate
from tests.support.people import NOW, PROVIDER, anchor, authority, person, trust
from tests.support.signed_structures import RSA_SHA256, signed_attrs, signed_data, signer_info

CONTENT = b"Content-Type: text/plain\r\n\r\nWe meet at eight.\r\n"
FORGED = CONTENT.replace(b"eight", b"seven")
JUDGING = Judging(trust_store=trust(), at=NOW)
ALICE = "alice@example.test"

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


def certify(spki_der: bytes) -> bytes:
    """A certificate of Alice by the test authority for any key."""
    tbs, identifier, _ = der.read_sequence(person("alice").certificate.der)
    fields = [bytes(field.encoded) for field in der.read_children(tbs)]
    altered = der.sequence(*fields[:6], spki_der, *fields[7:])
    signature = run(PROVIDER.sign(authority().identity.private_key, RSA_SHA256, altered))
    return der.sequence(altered, bytes(identifier.encoded), der.element(0x03, b"\0", signature))


def openssl(*arguments: str, cwd: Path, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *arguments], cwd=cwd, input=data, capture_output=True, check=False)


def made_by(folder: Path, key: Sequence[str], *options: str) -> bytes:
    """CONTENT, signed opaquely by openssl with a new key of this kind."""
    made = openssl("genpkey", *key, "-out", "own.key", cwd=folder)
    assert made.returncode == 0, made.stderr.decode()
    spki_der = openssl("pkey", "-in", "own.key", "-pubout", "-outform", "DER", cwd=folder).stdout
    (folder / "own.pem").write_bytes(pem.armor("CERTIFICATE", certify(spki_der)))
    signing = ("-signer", "own.pem", "-inkey", "own.key", "-nodetach", "-binary", "-outform", "DER", *options)
    signed = openssl("cms", "-sign", *signing, cwd=folder, data=CONTENT)
    assert signed.returncode == 0, signed.stderr.decode()
    return signed.stdout


def openssl_verifies(folder: Path, cms: bytes, *options: str) -> bool:
    (folder / "anchor.pem").write_bytes(pem.armor("CERTIFICATE", anchor().der))
    when = ("-attime", str(int(NOW.timestamp())), "-purpose", "any")
    verifying = ("-verify", "-inform", "DER", "-CAfile", "anchor.pem", *when, *options)
    return openssl("cms", *verifying, cwd=folder, data=cms).returncode == 0


def opinions(cms: bytes) -> tuple[State, list[str]]:
    """State and codes of the reasons, by which memory and stream agree."""
    report = blocking.examine_message(cms, JUDGING, provider=PROVIDER, sender=ALICE)
    streamed = stream.examine_file(io.BytesIO(cms), JUDGING, NativeStreamingProvider(), sender=ALICE).report
    assert (streamed.state, codes(streamed)) == (report.state, codes(report))
    return report.state, codes(report)


def codes(report: MessageReport) -> list[str]:
    return [reason.code for reason in report.reasons]


def on(curve: str, *options: str) -> list[str]:
    return ["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", *options]


EXPLICIT = ("-pkeyopt", "ec_param_enc:explicit")


@needs_openssl
@pytest.mark.parametrize("form", ["named", "explicit"])
@pytest.mark.parametrize("curve", ["secp224r1", "secp256k1", "prime256v1", "secp521r1", "brainpoolP384r1"])
def test_a_signature_on_a_curve_that_openssl_reads_is_verified(tmp_path: Path, curve: str, form: str) -> None:
    cms = made_by(tmp_path, on(curve, *(EXPLICIT if form == "explicit" else ())))
    # OpenSSL 3 verifies the signature of a key with explicit parameters, but follows no path from its certificate.
    options = ("-noverify",) if form == "explicit" else ()
    assert openssl_verifies(tmp_path, cms, *options)
    assert opinions(cms) == (State.VERIFIED, ["revocation-not-checked"])
    forged = cms.replace(CONTENT, FORGED)
    assert not openssl_verifies(tmp_path, forged, *options)
    assert opinions(forged) == (State.INVALID, ["message-digest-mismatch"])


@needs_openssl
def test_a_signature_on_a_curve_of_192_bits_is_weak(tmp_path: Path) -> None:
    cms = made_by(tmp_path, on("prime192v1"))
    assert openssl_verifies(tmp_path, cms)
    assert opinions(cms) == (State.SIGNED_UNVERIFIED, ["algorithm-forbidden"])
    for octets, state, code in (
        (cms, State.SIGNED_UNVERIFIED, "weak-signature"),
        (cms.replace(CONTENT, FORGED), State.INVALID, "message-digest-mismatch"),
    ):
        report = blocking.examine_message(octets, JUDGING, PROVIDER, sender=ALICE, policy=Policy.ARCHIVE)
        assert (report.state, codes(report)[0]) == (state, code)


def test_an_authority_with_a_key_on_a_curve_of_192_bits_proves_nothing() -> None:
    key = ec.generate_private_key(ec.SECP192R1())
    spki_der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    root, alice = der.read_sequence(anchor().der), der.read_sequence(person("alice").certificate.der)
    ecdsa = der.sequence(der.oid("1.2.840.10045.4.3.2"))

    def signed(tbs: der.Tlv, spki: bytes | None) -> bytes:
        fields = [bytes(field.encoded) for field in der.read_children(tbs)]
        altered = der.sequence(*fields[:2], ecdsa, *fields[3:6], spki or fields[6], *fields[7:])
        return der.sequence(altered, ecdsa, der.element(0x03, b"\0", key.sign(altered, ec.ECDSA(hashes.SHA256()))))

    small = parse_certificate(signed(root[0], spki_der))
    identity = Identity(
        certificate=parse_certificate(signed(alice[0], None)), private_key=person("alice").private_key, chain=()
    )
    cms = blocking.sign_bytes(CONTENT, Signing(identities=[identity], signing_time=NOW), provider=PROVIDER)
    judging = Judging(trust_store=trust(small), at=NOW)
    report = blocking.examine_message(cms, judging, PROVIDER, sender=ALICE)
    assert (report.state, codes(report)) == (State.SIGNED_UNVERIFIED, ["path-error"])
    assert "a key of 192 bits" in report.reasons[0].sentence


@needs_openssl
@pytest.mark.parametrize("curve", ["secp224r1", "secp256k1"])
def test_without_attributes_a_forged_text_is_invalid_on_these_curves_too(tmp_path: Path, curve: str) -> None:
    cms = made_by(tmp_path, on(curve), "-noattr")
    assert opinions(cms) == (State.VERIFIED, ["revocation-not-checked"])
    assert opinions(cms.replace(CONTENT, FORGED)) == (State.INVALID, ["signature-mismatch"])


@needs_openssl
@pytest.mark.parametrize("curve", ["brainpoolP160r1", "brainpoolP320r1", "sect233k1", "secp160k1"])
def test_a_signature_on_a_curve_that_is_not_read_is_unverified_by_name(tmp_path: Path, curve: str) -> None:
    cms = made_by(tmp_path, on(curve))
    for octets in (cms, cms.replace(CONTENT, FORGED)):
        state, reasons = opinions(octets)
        assert state is not State.VERIFIED
        assert octets is not cms or (state, reasons) == (State.SIGNED_UNVERIFIED, ["unsupported-algorithm"])


PSS = ("-keyopt", "rsa_padding_mode:pss")
RSA = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]


@needs_openssl
@pytest.mark.parametrize("mask", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_pss_is_verified_whatever_hash_its_mask_has(tmp_path: Path, digest: str, mask: str) -> None:
    cms = made_by(tmp_path, RSA, "-md", digest, *PSS, "-keyopt", f"rsa_mgf1_md:{mask}")
    assert openssl_verifies(tmp_path, cms)
    assert opinions(cms) == (State.VERIFIED, ["revocation-not-checked"])
    assert opinions(cms.replace(CONTENT, FORGED)) == (State.INVALID, ["message-digest-mismatch"])


def parameters_of(curve: Curve, **other: bytes) -> bytes:
    """The explicit parameters of a curve, with some of the values replaced."""
    numbers = CURVE_NUMBERS[curve]

    def field(number: int) -> bytes:
        return number.to_bytes(numbers.field_length, "big")

    values = {
        "prime": der.integer(numbers.prime),
        "a": der.octet_string(field(numbers.a)),
        "b": der.octet_string(field(numbers.b)),
        "base": der.octet_string(decompress_point(curve, numbers.base) or b""),
        "order": der.integer(numbers.order),
        "cofactor": der.integer(1),
    } | other
    return der.sequence(
        der.integer(1),
        der.sequence(der.oid("1.2.840.10045.1.1"), values["prime"]),
        der.sequence(values["a"], values["b"]),
        values["base"],
        values["order"],
        values["cofactor"],
    )


def explicit_key(key: PublicKey, parameters: bytes) -> bytes:
    _, point = der.read_sequence(key.spki_der)
    return der.sequence(der.sequence(der.oid(EC_PUBLIC_KEY), parameters), bytes(point.encoded))


@functools.cache
def on_p256() -> PublicKey:
    return person("alice", NewKey.P256).certificate.public_key


@pytest.mark.parametrize("curve", Curve)
def test_all_six_values_of_a_curve_name_it(curve: Curve) -> None:
    named = der.sequence(der.oid(EC_PUBLIC_KEY), der.oid(CURVE_OIDS[curve]))
    point = der.element(0x03, b"\0", decompress_point(curve, CURVE_NUMBERS[curve].base) or b"")
    for base in (decompress_point(curve, CURVE_NUMBERS[curve].base) or b"", CURVE_NUMBERS[curve].base):
        explicit = der.sequence(der.oid(EC_PUBLIC_KEY), parameters_of(curve, base=der.octet_string(base)))
        assert parse_public_key(der.sequence(explicit, point)).spki_der == der.sequence(named, point)


_P256 = CURVE_NUMBERS[Curve.P256]
# The base point of CVE-2020-0601: the key itself, so that its private number is 1.
_OWN_KEY = der.read_sequence(on_p256().spki_der)[1].content[1:]


@pytest.mark.parametrize(
    "other",
    [
        {"prime": der.integer(_P256.prime + 2)},
        {"a": der.octet_string((_P256.a + 1).to_bytes(32, "big"))},
        {"b": der.octet_string((_P256.b + 1).to_bytes(32, "big"))},
        {"base": der.octet_string(bytes(_OWN_KEY))},
        {"base": der.octet_string(b"\2" + _P256.base[1:])},
        {"order": der.integer(_P256.order + 2)},
        {"cofactor": der.integer(2)},
        {"cofactor": b""},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_curve_of_which_one_value_differs_verifies_nothing(other: dict[str, bytes]) -> None:
    spki_der = explicit_key(on_p256(), parameters_of(Curve.P256, **other))
    with pytest.raises(UnsupportedAlgorithm):
        parse_public_key(spki_der)
    assert opinions(by_alice_with(spki_der)) == (State.SIGNED_UNVERIFIED, ["unsupported-algorithm"])


def by_alice_with(spki_der: bytes) -> bytes:
    """CONTENT, signed by Alice's key on P-256 under a certificate with another form of that key."""
    alice = Identity(
        certificate=parse_certificate(certify(spki_der)), private_key=person("alice", NewKey.P256).private_key
    )
    return blocking.sign_bytes(CONTENT, Signing(identities=[alice], signing_time=NOW), provider=PROVIDER)


def test_the_values_of_a_named_curve_are_that_curve() -> None:
    cms = by_alice_with(explicit_key(on_p256(), parameters_of(Curve.P256)))
    assert opinions(cms) == (State.VERIFIED, ["revocation-not-checked"])
    assert opinions(cms.replace(CONTENT, FORGED)) == (State.INVALID, ["message-digest-mismatch"])


@pytest.mark.parametrize("curve", ["P-192", "P-224", "secp256k1"])
def test_nothing_is_made_with_a_key_on_a_curve_that_is_only_verified(curve: str) -> None:
    name = Curve(curve)
    base = decompress_point(name, CURVE_NUMBERS[name].base) or b""
    identifier = der.sequence(der.oid(EC_PUBLIC_KEY), der.oid(CURVE_OIDS[name]))
    certificate = parse_certificate(certify(der.sequence(identifier, der.element(0x03, b"\0", base))))
    assert certificate.public_key.curve is name
    with pytest.raises(UnsupportedAlgorithm, match="can only sign"):
        blocking.encrypt_bytes(CONTENT, Encrypting(recipients=[certificate]), provider=PROVIDER)
    key_der = der.sequence(der.integer(1), der.octet_string((1).to_bytes(CURVE_NUMBERS[name].field_length, "big")))
    with pytest.raises(UnsupportedAlgorithm, match="only verified"):
        parse_private_key(der.sequence(der.integer(0), identifier, der.octet_string(key_der)))


def pss(salt_length: int) -> SignatureAlgorithm:
    return SignatureAlgorithm(scheme=SignatureScheme.RSA_PSS, hash_name=HashName.SHA256, salt_length=salt_length)


LONGEST_SALT = 2048 // 8 - 32 - 2


@pytest.mark.parametrize("stated", [0, 20, 32, 64])
@pytest.mark.parametrize("used", [0, 20, 32, 48, 64, LONGEST_SALT])
@pytest.mark.parametrize("has_attributes", [True, False])
def test_a_salt_of_another_length_than_stated_is_a_doubt_and_no_forgery(
    used: int, stated: int, has_attributes: bool
) -> None:
    """RFC 4055 section 3.1 lets a salt have any length. A writer that states another one has signed all the same."""
    attributes = signed_attrs(hashlib.sha256(CONTENT).digest()) if has_attributes else None
    identifier = build_signature_identifier(pss(stated))
    info = signer_info(
        attributes, algorithm=pss(used), signature_identifier=identifier, signed=None if attributes else CONTENT
    )
    state, why = opinions(signed_data(info, content=CONTENT))
    if used == stated:
        assert (state, why) == (State.VERIFIED, ["revocation-not-checked"])
    else:
        assert (state, why[0]) == (State.SIGNED_UNVERIFIED, "unsupported-algorithm")
    assert opinions(signed_data(info, content=FORGED))[0] is State.INVALID


def test_a_salt_that_fits_no_length_is_a_forgery() -> None:
    identifier = build_signature_identifier(pss(32))
    attributes = signed_attrs(hashlib.sha256(CONTENT).digest())
    info = signer_info(attributes, algorithm=pss(20), signature_identifier=identifier, signed=b"other bytes")
    assert opinions(signed_data(info, content=CONTENT)) == (State.INVALID, ["signature-mismatch"])
