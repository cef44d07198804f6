"""Old certificates: DSA keys without parameters (RFC 4134 section 4.6), signatures of partial bytes (PKITS 4.1.2)."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from smime_core import parse_certificate
from smime_core.algorithms import parse_signature_identifier
from smime_core.blocking import run
from smime_core.errors import SignatureMismatch
from smime_core.pkix.dsa_parameters import complete_dsa_key
from smime_core.x509.certificate import Certificate
from tests.support.people import PROVIDER
from tests.support.vectors import vectors


def read(folder: Path, name: str) -> Certificate:
    return parse_certificate((folder / name).read_bytes())


def test_takes_the_parameters_of_the_issuer_that_signed() -> None:
    folder = vectors("rfc4134")
    carl, diane = read(folder, "CarlDSSSelf.cer"), read(folder, "DianeDSSSignByCarlInherit.cer")
    assert diane.public_key.bits == 0
    completed = run(complete_dsa_key(diane, [carl], provider=PROVIDER))
    assert completed.public_key.bits == carl.public_key.bits == 1024


def test_takes_no_parameters_from_a_namesake_that_did_not_sign() -> None:
    folder = vectors("rfc4134")
    carl, diane = read(folder, "CarlDSSSelf.cer"), read(folder, "DianeDSSSignByCarlInherit.cer")
    unsigned = dataclasses.replace(diane, signature=diane.signature[:-1] + bytes([diane.signature[-1] ^ 1]))
    assert run(complete_dsa_key(unsigned, [carl], provider=PROVIDER)) is unsigned


def test_takes_no_parameters_from_another_name() -> None:
    folder = vectors("rfc4134")
    carl, diane = read(folder, "CarlDSSSelf.cer"), read(folder, "DianeDSSSignByCarlInherit.cer")
    renamed = dataclasses.replace(carl, subject_der=diane.subject_der)
    assert run(complete_dsa_key(diane, [renamed], provider=PROVIDER)) is diane


def test_reads_a_certificate_whose_signature_is_not_whole_octets_and_verifies_it_with_nothing() -> None:
    folder = vectors("pkits") / "certs"
    root, bad = read(folder, "TrustAnchorRootCertificate.crt"), read(folder, "BadSignedCACert.crt")
    algorithm = parse_signature_identifier(bad.signature_algorithm_der)
    with pytest.raises(SignatureMismatch):
        run(PROVIDER.verify(root.public_key, algorithm, bad.signature, bad.tbs_der))
