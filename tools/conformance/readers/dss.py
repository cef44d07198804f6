"""The set of the European Commission's DSS: long-lived signatures and timestamps.

It has no machine-readable verdicts. Most file names state the level of the signature, or its fault. For the other
files, the expectations below were taken from the structure of the file. Signatures whose content is missing are not
verified; only their level and timestamps are checked. Evidence records (RFC 4998), archive timestamps and trust are not
judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.conformance.case import Case
from tools.conformance.checks.lasting import LastingSignatures
from tools.conformance.checks.signed import VerifySignatures
from tools.conformance.readers.corpora import read_blocks

_SIGNED: Final = "dss-cades/validation"
_TOKENS: Final = (
    "dss-cms/timestamp.tst",
    "dss-spi/archive_timestamp.tst",
    "dss-spi/d-trust.tsr",
    "dss-spi/tst_with_broken_ocsp.tst",
)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The fields of `LastingSignatures` for one file."""

    levels: tuple[str, ...]
    timestamps: tuple[str, ...] = ()
    signature: str | None = ""
    ocsp_responses: int = 0


_HOLDS: Final = ("",)
_EXPECTED: Final = {
    "Signature-15-CBp-LT-2.p7m": Expected(levels=("B-T",), timestamps=_HOLDS),
    "Signature-C-A-XL-1.p7m": Expected(levels=("B-LTA",), timestamps=_HOLDS),
    "Signature-C-HU_MIC-1.p7m": Expected(levels=("B-B",)),
    "Signature-C-HU_POL-3.p7m": Expected(levels=("B-LTA",), timestamps=_HOLDS),
    "Signature-CBp-B-1.p7m": Expected(levels=("B-B",)),
    "Signature-CBp-LT-2.p7m": Expected(levels=("B-LT",), timestamps=_HOLDS, ocsp_responses=4),
    "cades-ats-v3-wrong-crl.p7s": Expected(levels=("B-LTA",), timestamps=_HOLDS, signature=None),
    # The content timestamp appears twice. RFC 5652 sections 11.1 to 11.3 forbid this only of three other attributes.
    "cades-b-copied-cnttst.p7m": Expected(levels=("B-B",)),
    "cades-bes-signeddata-detached.p7s": Expected(levels=("B-B",), signature=None),
    "cades-bes-signeddata-enveloping.p7m": Expected(levels=("B-B",)),
    "cades-broken-sig-tst-and-ats-v3.cms": Expected(
        levels=("B-LTA",), timestamps=_HOLDS, signature="signature-mismatch"
    ),
    "cades-extended-bes.pkcs7": Expected(levels=("",)),
    "cades-extended-epes.pkcs7": Expected(levels=("",)),
    "cades-invalid-ocsp-responses-encoding.p7s": Expected(levels=("B-LT",), timestamps=_HOLDS, signature=None),
    "cades-level-b-sig-policy-invalid-digest-algo.p7m": Expected(levels=("B-B",)),
    "cades-lta-duplicated-atst.p7m": Expected(levels=("B-LTA",), timestamps=_HOLDS, ocsp_responses=1),
    "cades-t-copied-sigtst.p7m": Expected(levels=("B-T",), timestamps=("timestamp-mismatch",)),
    "cades-t-duplicated-sigtst.p7m": Expected(levels=("B-T",), timestamps=("", "")),
    "cades_signeddata_extended_after_lta.p7m": Expected(levels=("B-LTA",), timestamps=_HOLDS, ocsp_responses=1),
    "cms-wrong-sign-cert-ref.p7m": Expected(
        levels=("B-LT",), timestamps=("signing-certificate-mismatch",), ocsp_responses=4
    ),
    "counterSig.p7m": Expected(levels=("",), timestamps=_HOLDS),
    "counterSignedLTA.p7s": Expected(levels=("B-LTA",), timestamps=_HOLDS, ocsp_responses=1),
    "wrongContentHints.p7m": Expected(levels=("B-B",)),
    "dss-1220/CAdES-BpB_revoked_signingCertificate.p7m": Expected(levels=("B-B",)),
    "dss-1220/CAdES-BpLTA_modified_ats_hash_element.p7m": Expected(
        levels=("B-LTA",), timestamps=_HOLDS, ocsp_responses=1
    ),
    "dss-1220/CAdES-BpLTA_removed_ocsp.p7m": Expected(levels=("B-LTA",), timestamps=_HOLDS, ocsp_responses=1),
    "dss-1220/CAdES-BpT_modified_ts_hash.p7m": Expected(levels=("B-T",), timestamps=("timestamp-mismatch",)),
    "dss-1469/cadesLTAwithATv2.sig": Expected(levels=("B-LTA",), timestamps=_HOLDS, signature=None),
    "evidence-record/C-B-B-basic-der.p7m": Expected(levels=("B-B",), ocsp_responses=3),
    "evidence-record/C-E-ERS-basic-invalid-sig.p7m": Expected(levels=("B-B",), ocsp_responses=3),
    "evidence-record/C-E-ERS-detached_renewed_hashtree_invalid.p7s": Expected(
        levels=("B-LT",), timestamps=_HOLDS, signature=None, ocsp_responses=1
    ),
    "evidence-record/C-E-ERS_renewed_hashtree.p7m": Expected(levels=("B-LT",), timestamps=_HOLDS, ocsp_responses=1),
    "evidence-record/CAdES-BpT.p7m": Expected(levels=("B-T",), timestamps=_HOLDS),
    "evidence-record/Double-C-B-B-basic.p7m": Expected(levels=("B-B", "B-B")),
    "evidence-record/Double-C-E-ERS-basic.p7m": Expected(levels=("B-B", "B-B")),
    "evidence-record/Double-C-E-ERS-detached_hashtree_renewal.p7m": Expected(
        levels=("B-LT", "B-LT"), timestamps=("", ""), signature=None, ocsp_responses=2
    ),
    "evidence-record/Double-C-E-ERS.p7m": Expected(levels=("B-LT", "B-LT"), timestamps=("", ""), ocsp_responses=2),
    "evidence-record/Signature-C-LT-d233a2d9-a257-40dc-bcdb-bf4516b6d1da.p7m": Expected(
        levels=("B-LT",), timestamps=_HOLDS, ocsp_responses=1
    ),
}


def read_cases(folder: Path) -> Iterator[Case]:
    """Every file is parsed. Signatures and timestamps are compared with the expectations above."""
    yield from read_blocks(folder)
    for name, expected in _EXPECTED.items():
        path = folder / _SIGNED / name
        task = LastingSignatures(
            message=path.read_bytes(),
            levels=expected.levels,
            timestamps=expected.timestamps,
            signature=expected.signature,
            ocsp_responses=expected.ocsp_responses,
        )
        yield Case(set=folder.name, name=f"{_SIGNED}/{name} as a lasting signature", task=task, source=name)
    for name in _TOKENS:
        octets = (folder / name).read_bytes()
        yield Case(set=folder.name, name=f"{name} as a token", task=VerifySignatures(message=octets, signers=1))
