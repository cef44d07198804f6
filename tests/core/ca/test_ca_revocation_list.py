"""Revocation lists that we write: OpenSSL and pyca read them, and OpenSSL refuses the certificates on them."""

from __future__ import annotations

import datetime
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from smime_core.asn1.pem import build_pem
from smime_core.blocking import run
from smime_core.ca.revocation_list_building import (
    REASON_CODES,
    RevokedCertificate,
    build_revocation_list,
)
from smime_core.errors import MalformedMessage
from smime_core.identity.identity import Identity
from smime_core.provider import NewKey
from smime_core.x509.revocation_list import parse_revocation_list
from smime_core.x509.revoked_entries import UNSPECIFIED
from tests.support.ca_rig import AT, PROVIDER, WEEK, build_rig

CLASSIC = [NewKey.RSA_2048, NewKey.P256, NewKey.P384, NewKey.P521, NewKey.ED25519, NewKey.ED448]
EARLIER = AT - datetime.timedelta(hours=2)


def build(*entries: RevokedCertificate, issuer: Identity | None = None, number: int = 1) -> bytes:
    issuer = issuer or build_rig().issuing
    return run(
        build_revocation_list(
            entries,
            issuer=issuer.certificate,
            signing_key=issuer.private_key,
            number=number,
            term=WEEK,
            provider=PROVIDER,
        )
    )


@pytest.mark.parametrize("kind", CLASSIC)
def test_openssl_refuses_who_stands_on_the_list_and_nobody_else(tmp_path: Path, kind: NewKey) -> None:
    rig = build_rig(kind)
    rig.write(tmp_path)
    entry = RevokedCertificate(serial_number=rig.bob.serial_number, revoked_at=EARLIER, reason="keyCompromise")
    lists = [build(issuer=rig.root), build(entry, issuer=rig.issuing)]
    (tmp_path / "lists.pem").write_bytes(b"".join(build_pem("X509 CRL", revocation_list) for revocation_list in lists))

    def verdict(name: str) -> str:
        command = ["openssl", "verify", "-x509_strict", "-crl_check_all", "-CRLfile", "lists.pem"]
        command += ["-attime", str(int(AT.timestamp())), "-CAfile", "root.pem", "-untrusted", "issuing.pem", name]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)
        return "OK" if done.returncode == 0 else done.stderr

    assert verdict("alice.pem") == "OK"
    assert "certificate revoked" in verdict("bob.pem")


def test_pyca_reads_number_issuer_key_dates_and_reasons() -> None:
    rig = build_rig()
    entries = [
        RevokedCertificate(serial_number=1000 + code, revoked_at=EARLIER, reason=reason)
        for reason, code in REASON_CODES.items()
    ]
    read = x509.load_der_x509_crl(build(*entries, number=300))
    issuer = x509.load_der_x509_certificate(rig.issuing.certificate.der)
    key = issuer.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert read.is_signature_valid(key)
    assert read.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 300
    identifier = read.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert identifier == rig.issuing.certificate.subject_key_identifier
    assert (read.last_update_utc, read.next_update_utc) == (WEEK.this_update, WEEK.next_update)
    for entry in entries:
        revoked_certificate = read.get_revoked_certificate_by_serial_number(entry.serial_number)
        assert revoked_certificate is not None
        assert revoked_certificate.revocation_date_utc == EARLIER
        if entry.reason == UNSPECIFIED:
            assert len(revoked_certificate.extensions) == 0
        else:
            assert (
                revoked_certificate.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
                == entry.reason
            )


def test_an_empty_list_has_no_empty_sequence() -> None:
    read = x509.load_der_x509_crl(build())
    assert len(read) == 0
    assert parse_revocation_list(build()).next_update == WEEK.next_update


@pytest.mark.parametrize("reason", ["certificateHold", "removeFromCRL", "", "because"])
def test_only_reasons_that_last_are_taken(reason: str) -> None:
    with pytest.raises(MalformedMessage, match="expected one of unspecified"):
        build(RevokedCertificate(serial_number=1, revoked_at=AT, reason=reason))
