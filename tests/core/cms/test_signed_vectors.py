"""SignedData that others made: each signer verifies, or is refused for the reason that its set of vectors gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from smime_core.blocking import run
from smime_core.cms.content_info import ID_DATA, ID_SIGNED_DATA, parse_content_info, unarmor
from smime_core.cms.countersignature import find_countersignatures, verify_countersignature
from smime_core.cms.signed_content import OctetsContent
from smime_core.cms.signed_data import find_signer_certificates, parse_signed_data
from smime_core.cms.signer_info import SignerInfo, verify_signer
from smime_core.errors import SmimeError
from smime_core.pkix.dsa_parameters import complete_dsa_key
from smime_core.policy import Policy
from smime_core.x509.certificate import Certificate, parse_certificates
from tests.support.people import PROVIDER
from tests.support.vectors import vectors

SAMPLE = b"This is some sample content."


def certificates_of(folder: Path) -> list[Certificate]:
    certificates: list[Certificate] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".cer", ".crt", ".pem", ".der"} and "priv" not in path.name:
            try:
                certificates += parse_certificates(path.read_bytes())
            except SmimeError:  # a CMS structure, a key, or a certificate whose algorithm the core does not have
                continue
    return certificates


def outcomes(path: Path, known: list[Certificate], content: bytes | None = None) -> list[str]:
    """For each signer, the algorithm with which it verified under policy ARCHIVE, or the code of the refusal."""
    content_info = parse_content_info(unarmor(path.read_bytes()))
    assert content_info.content_type == ID_SIGNED_DATA
    signed = parse_signed_data(content_info.content)
    octets = content if signed.e_content is None else signed.e_content
    assert octets is not None
    labels: list[str] = []
    for signer in signed.signer_infos:
        if isinstance(signer, SmimeError):
            labels.append(signer.code)
            continue
        results = set()
        available = (*signed.certificates, *known)
        for named in find_signer_certificates(signer, available):
            certificate = run(complete_dsa_key(named, available, provider=PROVIDER))
            try:
                algorithm = run(
                    verify_signer(
                        signer,
                        OctetsContent(octets, provider=PROVIDER),
                        content_type=signed.e_content_type,
                        certificate=certificate,
                        provider=PROVIDER,
                        policy=Policy.ARCHIVE,
                    )
                )
                results = {algorithm.label}
                break
            except SmimeError as error:
                results.add(error.code)
        labels.append(" ".join(sorted(results)))
    return labels


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("4.1.bin", ["DSA with SHA-1"]),
        ("4.2.bin", ["RSA with SHA-1"]),
        ("4.3.bin", ["DSA with SHA-1"]),
        ("4.4.bin", ["DSA with SHA-1"]),
        ("4.5.bin", ["RSA with SHA-1"]),
        ("4.6.bin", ["DSA with SHA-1", "DSA with SHA-1"]),
        ("4.7.bin", ["DSA with SHA-1"]),
        ("4.10.bin", ["DSA with SHA-1"]),
    ],
)
def test_rfc_4134(file: str, expected: list[str]) -> None:
    folder = vectors("rfc4134")
    assert outcomes(folder / file, certificates_of(folder), content=SAMPLE) == expected


def test_must_41_the_countersignature_of_rfc_4134_section_4_4_holds() -> None:
    folder = vectors("rfc4134")
    known = certificates_of(folder)
    signer = parse_signed_data(parse_content_info((folder / "4.4.bin").read_bytes()).content).signer_infos[0]
    assert isinstance(signer, SignerInfo)
    (countersignature,) = find_countersignatures(signer)
    assert isinstance(countersignature.signer, SignerInfo)
    (named,) = find_signer_certificates(countersignature.signer, known)
    algorithm = run(
        verify_countersignature(countersignature, certificate=named, provider=PROVIDER, policy=Policy.ARCHIVE)
    )
    assert algorithm.label == "RSA with SHA-1"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("signedByAliceRSA", ["RSA with SHA-256"]),
        ("signedByAliceRSAPSS", ["RSA-PSS with SHA-256"]),
        ("signedByCarlosEd25519", ["Ed25519 with SHA-512"]),
        ("signedByCarlosDetached", ["Ed25519 with SHA-512"]),
        ("signedByAliceAndCarlosNoCerts", ["Ed25519 with SHA-512", "RSA with SHA-256"]),
    ],
)
def test_examples_of_ireland(name: str, expected: list[str]) -> None:
    folder = vectors("cms-examples-ireland")
    known = certificates_of(folder)
    assert outcomes(folder / "binary-files" / f"{name}.p7m", known, content=SAMPLE) == expected
    assert outcomes(folder / "pem-encoded" / f"{name}.pem", known, content=SAMPLE) == expected


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("80-test_cms_data/bad_signtime_attr.cms", ["malformed-message"]),
        ("80-test_cms_data/ct_multiple_attr.cms", ["malformed-message"]),
        ("80-test_cms_data/no_ct_attr.cms", ["malformed-message"]),
        ("80-test_cms_data/no_md_attr.cms", ["malformed-message"]),
        ("80-test_cms_data/pkcs7-md4.pem", ["unsupported-algorithm"]),
    ],
)
def test_must_2_openssls_faulty_ones_are_refused(file: str, expected: list[str]) -> None:
    assert outcomes(vectors("openssl-cms") / file, []) == expected


def test_openssls_example_with_a_byte_behind_it_is_read() -> None:
    octets = unarmor((vectors("openssl-cms") / "pkcs7-1.pem").read_bytes())
    content_info = parse_content_info(octets)
    assert len(parse_signed_data(content_info.content).signer_infos) == 1


@pytest.mark.parametrize("size", ["44", "65", "87"])
def test_ml_dsa_of_the_lamps_group(size: str) -> None:
    folder = vectors("pqc-lamps")
    path = folder / "cms-ml-dsa" / "examples" / f"mldsa{size}-signed-attrs.pem"
    assert outcomes(path, certificates_of(folder)) == [f"ML-DSA-{size} with SHA-512"]


@pytest.mark.parametrize("maker", ["bc", "ossl35"])
def test_ml_dsa_of_the_hackathon(maker: str) -> None:
    folder = vectors("pqc-hackathon") / maker / "artifacts_cms_v3"
    files = sorted(folder.glob("ml-dsa-*_signed_attrs.der"))
    assert len(files) == 3
    for path in files:
        assert outcomes(path, certificates_of(folder.parent))[0].startswith("ML-DSA-")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("ber_01_testPKCS7_PKCS7.pem", ["RSA with SHA-256"]),
        ("verify_18_SignedTestFixture_PKCS7.pem", ["RSA with SHA-1"]),
        ("verify_21_HashCalcSignedTestFixture_PKCS7.pem", ["RSA with SHA-1"]),
        ("verify_25_AppStoreReceiptFixture_PKCS7.pem", ["RSA with SHA-1"]),
        ("verify_dsa_go1.15_15_EC2IdentityDocumentFixture_PKCS7.pem", ["DSA with SHA-1"]),
    ],
)
def test_those_met_in_the_world(file: str, expected: list[str]) -> None:
    folder = vectors("pkcs7-go")
    assert outcomes(folder / file, certificates_of(folder)) == expected


def test_gnupgs_sample() -> None:
    assert outcomes(vectors("libksba") / "rsa-sample1.p7s", []) == ["RSA with SHA-256"]


def test_the_content_of_all_is_mail() -> None:
    for path in sorted(vectors("rfc4134").glob("4.*.bin")):
        assert parse_signed_data(parse_content_info(path.read_bytes()).content).e_content_type == ID_DATA
