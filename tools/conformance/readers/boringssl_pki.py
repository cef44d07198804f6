"""BoringSSL's cases for the parts of a path: names, constraints, policies, signatures, certificates, their issuers.

Few files of the set contain their verdict. All other verdicts were taken from `pki/*_unittest.cc` of the same version.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from smime_core.asn1.pem import find_pem_blocks
from tools.conformance.case import Case, Skip
from tools.conformance.checks.paths import Policies, SignatureOverData
from tools.conformance.readers import boringssl_certificates, boringssl_names

_SET: Final = "boringssl-pki"

_LOOSE_KEY: Final = Skip(
    reason="a key that is written loosely is read: what it verifies is the same",
    link="https://www.rfc-editor.org/rfc/rfc3279#section-2.3.1",
)
_SIGNATURE_SKIPS: Final = {
    "rsa-pkcs1-sha1-key-params-absent": _LOOSE_KEY,
    "rsa-pkcs1-sha256-key-encoded-ber": _LOOSE_KEY,
    "rsa-pkcs1-sha256-spki-non-null-params": _LOOSE_KEY,
    "rsa-pss-sha256-using-pss-key-with-params": Skip(
        reason="keys that are bound to RSASSA-PSS are supported here",
        link="https://www.rfc-editor.org/rfc/rfc4055#section-3.1",
    ),
}
_POLICIES: Final = {
    "anypolicy": ("2.5.29.32.0",),
    "anypolicy_with_qualifier": ("2.5.29.32.0",),
    "policy_1_2_3": ("1.2.3",),
    "policy_1_2_3_and_1_2_4": ("1.2.3", "1.2.4"),
    "policy_1_2_3_and_1_2_4_with_qualifiers": ("1.2.3", "1.2.4"),
    "policy_1_2_3_with_qualifier": ("1.2.3",),
}
_GOOD_SIGNATURES: Final = {
    "ecdsa-prime256v1-sha512",
    "ecdsa-secp384r1-sha256",
    "mldsa-44",
    "mldsa-65",
    "mldsa-87",
    "rsa-pkcs1-sha1",
    "rsa-pkcs1-sha256",
    "rsa-pss-sha256",
    "rsa2048-pkcs1-sha512",
}


def read_path_parts(folder: Path) -> Iterator[Case]:
    """The cases on the parts of path validation: names, certificates, issuers and policies."""
    yield from boringssl_names.read_name_constraints(folder / "name_constraints_unittest")
    yield from boringssl_names.read_names(folder / "verify_name_match_unittest" / "names")
    yield from boringssl_certificates.read_certificates(folder / "parse_certificate_unittest")
    yield from boringssl_certificates.read_issuers(folder / "cert_issuer_source_static_unittest")
    yield from _read_policies(folder / "certificate_policies_unittest")
    yield from _read_signatures(folder / "verify_signed_data_unittest")


def _read_policies(folder: Path) -> Iterator[Case]:
    for path in sorted(folder.glob("*.pem")):
        octets, policies = find_pem_blocks(path.read_bytes())[0].octets, _POLICIES.get(path.stem)
        for is_critical in (True, False):
            name = path.stem if is_critical else f"{path.stem}, not critical"
            if not is_critical and path.stem == "policy_1_2_3_with_custom_qualifier":
                policies = ("1.2.3",)
            task = Policies(value=octets, is_critical=is_critical, policies=policies)
            yield Case(set=_SET, name=name, task=task, source="certificate_policies_unittest")


def _read_signatures(folder: Path) -> Iterator[Case]:
    for path in sorted(folder.glob("*.pem")):
        blocks = {block.label: block.octets for block in find_pem_blocks(path.read_bytes())}
        task = SignatureOverData(
            public_key=blocks["PUBLIC KEY"],
            algorithm=blocks["ALGORITHM"],
            data=blocks["DATA"],
            signature=blocks["SIGNATURE"],
            is_good=path.stem in _GOOD_SIGNATURES,
        )
        skip = _SIGNATURE_SKIPS.get(path.stem)
        yield Case(set=_SET, name=path.stem, task=task, source="verify_signed_data_unittest", skip=skip)
